import PromptLanguage
import TensorCore

/// What the U-Net is told about one picture, step by step.
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
  /// Encodes a prompt and a negative prompt for every step of a run, each distinct text once; all conditionings have the
  /// same number of tokens, shorter ones being filled up with empty chunks.
  /// - Parameters:
  ///   - steps: of the whole run.
  ///   - zerosForEmptyPrompt: a missing negative prompt is zeros (SDXL).
  public func plan(
    prompt: String, negative: String?, steps: Int, guidanceIsOn: Bool, clipSkip: Int?, zerosForEmptyPrompt: Bool
  ) throws -> ConditioningPlan {
    let positive = schedules(prompt, steps: steps)
    let zeros = guidanceIsOn && negative == nil && zerosForEmptyPrompt
    let against = guidanceIsOn && !zeros ? schedules(negative ?? "", steps: steps)[0].schedule : nil

    // As in diffusers, layers are skipped for the prompt only.
    var conditional = Encodings(self, clipSkip: clipSkip)
    var unconditional = Encodings(self, clipSkip: nil)
    for part in positive { for entry in part.schedule.entries { try conditional.add(entry.text) } }
    for entry in against?.entries ?? [] { try unconditional.add(entry.text) }
    let length = max(conditional.longest, unconditional.longest)
    try conditional.pad(to: length)
    try unconditional.pad(to: length)

    return ConditioningPlan(
      steps: (0..<max(steps, 1)).map { index in
        let parts = positive.map { (conditional[$0.schedule.text(atStep: index)], $0.weight) }
        let nothing =
          zeros ? PromptEncoder.zeros(like: parts[0].0) : against.map { unconditional[$0.text(atStep: index)] }
        return ConditioningPlan.Step(unconditional: nothing, parts: parts)
      })
  }

  /// The schedule of each part joined by AND, and its weight.
  private func schedules(_ text: String, steps: Int) -> [(schedule: PromptSchedule, weight: Float)] {
    if emphasis == .none { return [(PromptSchedule(literal: text, steps: steps), 1)] }
    return Prompt(text).parts.map { (PromptSchedule($0.text, steps: steps), $0.weight) }
  }

  /// Texts and what they were encoded to.
  private struct Encodings {
    let encoder: PromptEncoder
    let clipSkip: Int?
    var known: [String: PromptConditioning] = [:]

    init(_ encoder: PromptEncoder, clipSkip: Int?) {
      self.encoder = encoder
      self.clipSkip = clipSkip
    }

    var longest: Int { known.values.map { $0.context.shape[1] }.max() ?? 0 }

    mutating func add(_ text: String) throws {
      if known[text] == nil { known[text] = try encoder.encode(text, clipSkip: clipSkip) }
    }

    mutating func pad(to length: Int) throws {
      for (text, conditioning) in known {
        known[text] = try encoder.padded(conditioning, to: length, clipSkip: clipSkip)
      }
    }

    subscript(text: String) -> PromptConditioning {
      guard let found = known[text] else { preconditionFailure("\"\(text)\" was not encoded") }
      return found
    }
  }
}
