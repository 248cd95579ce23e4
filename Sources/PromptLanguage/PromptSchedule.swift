/// A prompt that changes while a picture is made: `[from:to:when]`, `[to:when]`, `[from::when]` and `[a|b|c]`
/// (AUTOMATIC1111, modules/prompt_parser.py, `get_learned_conditioning_prompt_schedules`).
///
/// `when` is a step if it is a whole number, a share of all steps if it has a decimal point. What does not fit the
/// grammar is literal text.
public struct PromptSchedule: Sendable, Equatable {
  /// A text and the last step it is used in.
  public struct Entry: Sendable, Equatable {
    public let lastStep: Int
    public let text: String

    public init(lastStep: Int, text: String) {
      self.lastStep = lastStep
      self.text = text
    }
  }

  /// In order; the last holds to the end. Never empty.
  public let entries: [Entry]

  /// - Parameters:
  ///   - steps: of the whole run.
  ///   - firstPass: in the second pass of a hires fix, the steps of the first: whole numbers count on from there, and
  ///     1.0 to 2.0 is the share of the second pass.
  public init(_ prompt: String, steps: Int, after firstPass: Int? = nil) {
    guard let nodes = ScheduleParser.parse(prompt) else {
      entries = [Entry(lastStep: steps, text: prompt)]
      return
    }
    let clock = Clock(steps: steps, firstPass: firstPass)
    var ends: Set<Int> = [steps]
    for node in nodes { node.collectEnds(&ends, clock) }
    entries = ends.sorted().map { Entry(lastStep: $0, text: nodes.text(at: $0, clock)) }
  }

  /// A prompt without a schedule, whatever its brackets.
  public init(literal prompt: String, steps: Int) { entries = [Entry(lastStep: steps, text: prompt)] }

  /// The text of a step, counted from 0.
  ///
  /// A count from 0 is compared with ends counted from 1, as AUTOMATIC1111 does it: `[a:b:3]` changes after four steps.
  public func text(atStep index: Int) -> String {
    (entries.first { index <= $0.lastStep } ?? entries[entries.count - 1]).text
  }

  /// What the numbers of a schedule mean.
  struct Clock {
    let steps: Int
    let firstPass: Int?

    /// The last step before a switch, at most the last of all; below 1 for one that has always happened.
    func lastStep(before when: String) -> Int {
      let value = Double(when) ?? 0
      let step =
        when.contains(".") ? (value - (firstPass == nil ? 0 : 1)) * Double(steps) : value - Double(firstPass ?? 0)
      return Int(min(max(step, -1), Double(steps)))
    }
  }
}

/// A part of a prompt.
indirect enum ScheduleNode: Equatable {
  case literal(String)
  /// - when: as it was written.
  case switched(before: [ScheduleNode], after: [ScheduleNode], when: String)
  case alternating([[ScheduleNode]])

  func collectEnds(_ ends: inout Set<Int>, _ clock: PromptSchedule.Clock) {
    switch self {
    case .literal: break
    case .switched(let before, let after, let when):
      let step = clock.lastStep(before: when)
      if step >= 1 { ends.insert(step) }
      for node in before + after { node.collectEnds(&ends, clock) }
    case .alternating(let options):
      if clock.steps >= 1 { ends.formUnion(1...clock.steps) }
      for node in options.joined() { node.collectEnds(&ends, clock) }
    }
  }

  fileprivate func text(at step: Int, _ clock: PromptSchedule.Clock) -> String {
    switch self {
    case .literal(let text): text
    case .switched(let before, let after, let when):
      (step <= clock.lastStep(before: when) ? before : after).text(at: step, clock)
    case .alternating(let options): options[max(step - 1, 0) % options.count].text(at: step, clock)
    }
  }
}

extension [ScheduleNode] {
  fileprivate func text(at step: Int, _ clock: PromptSchedule.Clock) -> String {
    map { $0.text(at: step, clock) }.joined()
  }
}
