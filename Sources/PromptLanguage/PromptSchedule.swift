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

  /// In order; the last holds to the end.
  public let entries: [Entry]

  /// - Parameter steps: of the whole run.
  public init(_ prompt: String, steps: Int) {
    guard let nodes = ScheduleParser.parse(prompt) else {
      entries = [Entry(lastStep: steps, text: prompt)]
      return
    }
    var ends: Set<Int> = [steps]
    for node in nodes { node.collectEnds(&ends, steps: steps) }
    entries = ends.sorted().map { end in
      Entry(lastStep: end, text: nodes.map { $0.text(at: end, steps: steps) }.joined())
    }
  }

  /// A prompt without a schedule, whatever its brackets.
  public init(literal prompt: String, steps: Int) { entries = [Entry(lastStep: steps, text: prompt)] }

  /// The text of a step, counted from 0.
  public func text(atStep index: Int) -> String {
    (entries.first { index <= $0.lastStep } ?? entries[entries.count - 1]).text
  }
}

/// A part of a prompt.
indirect enum ScheduleNode: Equatable {
  case literal(String)
  case switched(before: [ScheduleNode], after: [ScheduleNode], when: String)
  case alternating([[ScheduleNode]])

  /// The step after which a switch happens, at most the last.
  private static func step(_ when: String, steps: Int) -> Int {
    let value = PromptNumber.parse(Substring(when)) ?? 0
    let step = when.contains(".") ? value * Double(steps) : value
    return min(steps, Int(max(min(step, 1e9), 0)))
  }

  func collectEnds(_ ends: inout Set<Int>, steps: Int) {
    switch self {
    case .literal: break
    case .switched(let before, let after, let when):
      let step = Self.step(when, steps: steps)
      if step >= 1 { ends.insert(step) }
      for node in before + after { node.collectEnds(&ends, steps: steps) }
    case .alternating(let options):
      if steps >= 1 { ends.formUnion(1...steps) }
      for node in options.joined() { node.collectEnds(&ends, steps: steps) }
    }
  }

  func text(at step: Int, steps: Int) -> String {
    switch self {
    case .literal(let text): return text
    case .switched(let before, let after, let when):
      let nodes = step <= Self.step(when, steps: steps) ? before : after
      return nodes.map { $0.text(at: step, steps: steps) }.joined()
    case .alternating(let options):
      return options[max(step - 1, 0) % options.count].map { $0.text(at: step, steps: steps) }.joined()
    }
  }
}

/// Reads the grammar of schedules.
enum ScheduleParser {
  /// The nodes of a prompt; nil if a `|` stands where it has no meaning, which makes all of it literal.
  static func parse(_ prompt: String) -> [ScheduleNode]? {
    var nodes: [ScheduleNode] = []
    var literal = ""
    let characters = Array(prompt)
    var at = 0
    while at < characters.count {
      let c = characters[at]
      if c == "\\", at + 1 < characters.count {
        literal += String(characters[at...(at + 1)])
        at += 2
      } else if c == "|" {
        return nil
      } else if c == "[", let end = closing(characters, from: at) {
        let inner = Array(characters[(at + 1)..<end])
        if let node = bracket(inner) {
          if !literal.isEmpty { nodes.append(.literal(literal)) }
          literal = ""
          nodes.append(node)
        } else {
          guard let content = parse(String(inner)) else { return nil }
          nodes += [.literal(literal + "[")] + content
          literal = "]"
        }
        at = end + 1
      } else {
        literal.append(c)
        at += 1
      }
    }
    if !literal.isEmpty { nodes.append(.literal(literal)) }
    return nodes
  }

  /// The bracket that closes the one at `start`, with everything between them closed too.
  private static func closing(_ text: [Character], from start: Int) -> Int? {
    var open: [Character] = []
    var at = start
    while at < text.count {
      switch text[at] {
      case "\\": at += 1
      case "[": open.append("]")
      case "(": open.append(")")
      case "]", ")":
        guard open.popLast() == text[at] else { return nil }
        if open.isEmpty { return at }
      default: break
      }
      at += 1
    }
    return nil
  }

  /// What a pair of brackets means; nil if it is emphasis or plain text.
  private static func bracket(_ inner: [Character]) -> ScheduleNode? {
    let options = split(inner, at: "|")
    if options.count > 1 {
      let parsed = options.map { split($0, at: ":").count == 1 ? parse(String($0)) : nil }
      guard parsed.allSatisfy({ $0 != nil }) else { return nil }
      return .alternating(parsed.compactMap { $0 })
    }
    let parts = split(inner, at: ":")
    guard parts.count == 2 || parts.count == 3 else { return nil }
    let when = String(parts[parts.count - 1]).trimmingSpace
    guard PromptNumber.parse(Substring(when)) != nil, !when.hasPrefix("-"), !when.hasPrefix("+"),
      let after = parse(String(parts[parts.count - 2])),
      let before = parts.count == 3 ? parse(String(parts[0])) : []
    else { return nil }
    return .switched(before: before, after: after, when: when)
  }

  /// Cuts at a character outside all brackets.
  private static func split(_ text: [Character], at separator: Character) -> [[Character]] {
    var parts: [[Character]] = [[]]
    var depth = 0
    var at = 0
    while at < text.count {
      let c = text[at]
      if c == "\\", at + 1 < text.count {
        parts[parts.count - 1] += text[at...(at + 1)]
        at += 2
        continue
      }
      if c == "(" || c == "[" { depth += 1 }
      if c == ")" || c == "]" { depth -= 1 }
      if c == separator, depth == 0 { parts.append([]) } else { parts[parts.count - 1].append(c) }
      at += 1
    }
    return parts
  }
}

extension String {
  var trimmingSpace: String {
    let start = drop(while: \.isWhitespace)
    guard let last = start.lastIndex(where: { !$0.isWhitespace }) else { return "" }
    return String(start[...last])
  }
}
