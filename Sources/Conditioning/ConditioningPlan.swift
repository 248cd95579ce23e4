import PromptLanguage
import TensorCore

/// What the U-Net is told about one picture, call by call.
public struct ConditioningPlan: Sendable {
  /// The conditioning of one step.
  public struct Step: Sendable {
    /// nil without guidance.
    public let unconditional: PromptConditioning?
    /// The texts joined by AND with their weights; one of weight 1 for an ordinary prompt.
    public let parts: [(conditioning: PromptConditioning, weight: Float)]
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
  ///   - negative: nil is not the same as empty where `zerosForEmptyPrompt` holds.
  ///   - steps: of the whole run: calls of the network.
  ///   - firstPass: in the second pass of a hires fix, the `steps` of the first, which schedules count on from.
  ///   - zerosForEmptyPrompt: a missing negative prompt is zeros (SDXL).
  public func plan(
    prompt: String, negative: String?, steps: Int, after firstPass: Int? = nil, guidanceIsOn: Bool, clipSkip: Int?,
    zerosForEmptyPrompt: Bool
  ) throws -> ConditioningPlan {
    func schedule(_ text: String) -> PromptSchedule {
      emphasis == .none
        ? PromptSchedule(literal: text, steps: steps) : PromptSchedule(text, steps: steps, after: firstPass)
    }
    let parts = emphasis == .none ? [Prompt.Part(text: prompt, weight: 1)] : Prompt(prompt).parts
    let zeros = guidanceIsOn && negative == nil && zerosForEmptyPrompt
    let against: PromptSchedule?
    if guidanceIsOn, !zeros {
      let text = negative ?? ""
      against = schedule(emphasis == .none ? text : Prompt(negative: text).parts[0].text)
    } else {
      against = nil
    }

    var states = TextStates()
    let positive = try parts.map { (try encode(schedule($0.text), clipSkip: clipSkip, &states), $0.weight) }
    let negativeSkip = skipsLayersOfNegative ? clipSkip : nil
    let unconditional = try against.map { try encode($0, clipSkip: negativeSkip, &states) }
    let length = (positive.map(\.0) + [unconditional].compactMap { $0 }).map(\.length).max() ?? 0
    let conditional = try positive.map { (try padded($0.0, to: length, clipSkip: clipSkip, &states), $0.1) }
    let nothing = try unconditional.map { try padded($0, to: length, clipSkip: negativeSkip, &states) }

    return ConditioningPlan(
      steps: (0..<max(steps, 1)).map { index in
        let parts = conditional.map { (conditioning: $0.0[index], weight: $0.1) }
        return ConditioningPlan.Step(
          unconditional: zeros ? PromptEncoder.zeros(like: parts[0].conditioning) : nothing.map { $0[index] },
          parts: parts)
      })
  }

  /// A schedule and what its texts were encoded to.
  private struct EncodedSchedule {
    let schedule: PromptSchedule
    var texts: [String: PromptConditioning]

    /// Tokens; all texts of a schedule have the same number.
    var length: Int { texts.values.first?.context.shape[1] ?? 0 }

    subscript(index: Int) -> PromptConditioning {
      guard let found = texts[schedule.text(atStep: index)] else {
        preconditionFailure("\"\(schedule.text(atStep: index))\" was not encoded")
      }
      return found
    }
  }

  private func encode(
    _ schedule: PromptSchedule, clipSkip: Int?, _ states: inout TextStates
  ) throws -> EncodedSchedule {
    let texts = schedule.entries.map(\.text)
    let conditionings = try encode(texts, clipSkip: clipSkip, &states)
    return EncodedSchedule(
      schedule: schedule, texts: Dictionary(zip(texts, conditionings)) { first, _ in first })
  }

  private func padded(
    _ encoded: EncodedSchedule, to length: Int, clipSkip: Int?, _ states: inout TextStates
  ) throws -> EncodedSchedule {
    var longer = encoded
    for (text, conditioning) in encoded.texts {
      longer.texts[text] = try padded(conditioning, to: length, clipSkip: clipSkip, &states)
    }
    return longer
  }
}
