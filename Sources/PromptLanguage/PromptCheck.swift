/// What looks like a mistake in a prompt.
public struct PromptProblem: Error, Sendable, Equatable, CustomStringConvertible {
  /// What kind of mistake.
  public enum Kind: String, Sendable, Equatable, Codable, CaseIterable {
    /// A bracket without its partner.
    case unbalanced
    /// Brackets that overlap without one holding the other.
    case crossing
    /// A schedule that is not read.
    case schedule
    /// A tag nobody knows.
    case tag
    /// A number at the end that weighs the whole prompt.
    case weight
    /// More than is read, see `PromptLimits`.
    case limit
  }

  public let kind: Kind
  /// Where, in characters from 1; nil if it is about the whole prompt.
  public let column: Int?
  public let message: String

  public var description: String { column.map { "the prompt, column \($0): \(message)" } ?? "the prompt: \(message)" }
}

/// Finds mistakes in prompts. But for adapters with weights that are none, no mistake stops a picture: the rules for broken
/// prompts are AUTOMATIC1111's.
public enum PromptCheck {
  /// All problems, in the order of their columns where they have one.
  public static func problems(_ prompt: String) -> [PromptProblem] {
    brackets(prompt).sorted { ($0.column ?? .max) < ($1.column ?? .max) } + schedule(prompt) + tags(prompt)
      + weight(prompt)
  }

  /// Strict reading: brackets must be in order.
  /// - Throws: the first of the problems with brackets.
  public static func requireBalance(_ prompt: String) throws(PromptProblem) {
    if let first = brackets(prompt).min(by: { ($0.column ?? .max) < ($1.column ?? .max) }) { throw first }
  }

  private static func brackets(_ prompt: String) -> [PromptProblem] {
    var problems: [PromptProblem] = []
    // Columns of brackets that are open, and the innermost of both kinds: the later one.
    var (round, square) = ([Int](), [Int]())
    var isEscaped = false
    for (column, c) in zip(1..., prompt) {
      if isEscaped || c == "\\" {
        isEscaped.toggle()
        continue
      }
      if c == "(" { round.append(column) }
      if c == "[" { square.append(column) }
      guard c == ")" || c == "]" else { continue }
      guard let partner = c == ")" ? round.popLast() : square.popLast() else {
        problems.append(
          PromptProblem(
            kind: .unbalanced, column: column,
            message: "\"\(c)\" closes nothing and is taken as text; write \\\(c) if that is meant"))
        continue
      }
      if let inner = c == ")" ? square.last : round.last, inner > partner {
        problems.append(
          PromptProblem(
            kind: .crossing, column: column,
            message: "\"\(c)\" closes column \(partner) before "
              + "\"\(c == ")" ? "[" : "(")\" of column \(inner) is closed"))
      }
    }
    let open = (round.map { ("(", $0) } + square.map { ("[", $0) }).sorted { $0.1 < $1.1 }
    return problems
      + open.map {
        PromptProblem(
          kind: .unbalanced, column: $0.1,
          message: "\"\($0.0)\" is never closed, so its emphasis holds to the end; "
            + "write \\\($0.0) for a bracket as text"
        )
      }
  }

  /// A `|` in the wrong place turns all schedules into text.
  private static func schedule(_ prompt: String) -> [PromptProblem] {
    let parts = Prompt(prompt).parts.map(\.text)
    guard let part = parts.first(where: { ScheduleParser.parse($0) == nil }), part.contains("[") else { return [] }
    return [
      PromptProblem(
        kind: .schedule,
        column: prompt.firstIndex(of: "|").map { prompt.distance(from: prompt.startIndex, to: $0) + 1 },
        message: "\"|\" stands for a choice only in [a|b], and \"\\\" before a character; "
          + "as it is, schedules of this prompt are taken as text")
    ]
  }

  private static func tags(_ prompt: String) -> [PromptProblem] {
    Prompt(prompt).tags.compactMap { tag -> PromptProblem? in
      if !tag.isAdapter {
        return PromptProblem(
          kind: .tag, column: nil, message: "\(tag): tags of the kind \"\(tag.kind)\" are not known and left out")
      }
      do throws(PromptTagError) {
        _ = try tag.adapter()
        return nil
      } catch {
        return PromptProblem(kind: .tag, column: nil, message: "\(error)")
      }
    }
  }

  private static func weight(_ prompt: String) -> [PromptProblem] {
    let parts = Prompt(prompt).parts
    guard parts.count == 1, parts[0].weight != 1 else { return [] }
    return [
      PromptProblem(
        kind: .weight, column: nil,
        message:
          "the number at the end, \(parts[0].weight), is a weight of the whole prompt: guidance is multiplied by it")
    ]
  }
}
