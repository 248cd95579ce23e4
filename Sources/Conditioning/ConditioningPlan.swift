import Models
import PromptLanguage
import TensorCore

/// What the network is told about one picture, call by call.
public struct ConditioningPlan: Sendable {
  /// The conditioning of one step.
  public struct Step: Sendable {
    /// nil without guidance.
    public let unconditional: NetworkConditioning?
    /// The texts joined by AND with their weights; one of weight 1 for an ordinary prompt.
    public let parts: [(conditioning: NetworkConditioning, weight: Float)]
  }

  private let steps: [Step]

  init(steps: [Step]) {
    precondition(!steps.isEmpty, "a plan has steps")
    self.steps = steps
  }

  /// The conditioning of a step, counted from 0; the last one's holds beyond the end.
  public func step(_ index: Int) -> Step { steps[min(max(index, 0), steps.count - 1)] }
}

extension PromptEncoder {
  /// Encodes a prompt and a negative prompt for every step of a run, each distinct text once.
  ///
  /// All conditionings have the same number of tokens, shorter ones being filled up with empty chunks.
  /// - Parameters:
  ///   - negative: nil is not the same as empty where the text encoding has something that stands for nothing.
  ///   - steps: of the whole run: calls of the network.
  ///   - firstPass: in the second pass of a hires fix, the `steps` of the first, which schedules count on from.
  public func plan(
    prompt: String, negative: String?, steps: Int, after firstPass: Int? = nil, guidanceIsOn: Bool, clipSkip: Int?
  ) throws -> ConditioningPlan {
    let isLiteral = reading.emphasis == .none
    func schedule(_ text: String) -> PromptSchedule {
      isLiteral ? PromptSchedule(literal: text, steps: steps) : PromptSchedule(text, steps: steps, after: firstPass)
    }
    let parts = isLiteral ? [Prompt.Part(text: prompt, weight: 1)] : Prompt(prompt).parts

    var memory = TextMemory()
    let positive = try parts.map { (try encode(schedule($0.text), clipSkip: clipSkip, &memory), $0.weight) }
    var nothing: NetworkConditioning?
    var unconditional: EncodedSchedule?
    let negativeSkip = skipsLayersOfNegative ? clipSkip : nil
    if guidanceIsOn {
      if negative == nil { nothing = text.nothing(like: positive[0].0[0]) }
      if nothing == nil {
        let against = negative ?? ""
        unconditional = try encode(
          schedule(isLiteral ? against : Prompt(negative: against).parts[0].text), clipSkip: negativeSkip, &memory)
      }
    }
    let length = (positive.map(\.0) + [unconditional].compactMap { $0 }).map(\.length).max() ?? 0
    let conditional = try positive.map { (try padded($0.0, to: length, clipSkip: clipSkip, &memory), $0.1) }
    let against = try unconditional.map { try padded($0, to: length, clipSkip: negativeSkip, &memory) }

    return ConditioningPlan(
      steps: (0..<max(steps, 1)).map { index in
        let parts = conditional.map { (conditioning: $0.0[index], weight: $0.1) }
        let zeros = nothing == nil ? nil : text.nothing(like: parts[0].conditioning)
        return ConditioningPlan.Step(unconditional: zeros ?? against.map { $0[index] }, parts: parts)
      })
  }

  /// A schedule and what its texts were encoded to.
  private struct EncodedSchedule {
    let schedule: PromptSchedule
    var texts: [String: NetworkConditioning]

    /// Tokens; all texts of a schedule have the same number.
    var length: Int { texts.values.first?.length ?? 0 }

    subscript(index: Int) -> NetworkConditioning {
      guard let found = texts[schedule.text(atStep: index)] else {
        preconditionFailure("\"\(schedule.text(atStep: index))\" was not encoded")
      }
      return found
    }
  }

  private func encode(
    _ schedule: PromptSchedule, clipSkip: Int?, _ memory: inout TextMemory
  ) throws -> EncodedSchedule {
    let texts = schedule.entries.map(\.text)
    let conditionings = try text.encode(texts, clipSkip: clipSkip, reading, &memory)
    return EncodedSchedule(
      schedule: schedule, texts: Dictionary(zip(texts, conditionings)) { first, _ in first })
  }

  private func padded(
    _ encoded: EncodedSchedule, to length: Int, clipSkip: Int?, _ memory: inout TextMemory
  ) throws -> EncodedSchedule {
    var longer = encoded
    for (key, told) in encoded.texts {
      longer.texts[key] = try text.padded(told, to: length, clipSkip: clipSkip, reading, &memory)
    }
    return longer
  }
}
