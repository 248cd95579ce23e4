/// Reads the grammar of schedules:
///
///     start      = (prompt | "[" | "]" | "(" | ")" | ":")*
///     prompt     = (emphasized | scheduled | alternate | plain)*
///     emphasized = "(" prompt ")" | "(" prompt ":" prompt ")" | "[" prompt "]"
///     scheduled  = "[" [prompt ":"] prompt ":" space? number space? "]"
///     alternate  = "[" prompt ("|" prompt)+ "]"
///     plain      = (any but \ [ ] ( ) : | , or \ and any)+
///
/// Only at the outermost level do brackets and colons also stand for themselves: whatever a bracket holds must fit, or
/// the bracket is text.
struct ScheduleParser {
  private let text: ScalarText
  private var at = 0
  /// Brackets known to open nothing: each is tried once, so that time stays proportional to the text.
  private var literalBrackets: Set<Int> = []

  /// Deeper brackets are text; recursion has to end somewhere.
  private static let depthLimit = 256

  /// The nodes of a prompt; nil if a `|` or a last `\` stands where it has no meaning, which makes all of it literal.
  static func parse(_ prompt: String) -> [ScheduleNode]? {
    var parser = ScheduleParser(text: prompt.scalars)
    var nodes: [ScheduleNode] = []
    while let scalar = parser.current {
      let found = parser.prompt(depth: 0)
      nodes += found
      guard found.isEmpty else { continue }
      guard "[]():".unicodeScalars.contains(scalar) else { return nil }
      nodes.append(.literal(String(scalar)))
      parser.at += 1
    }
    return nodes.joined()
  }

  private init(text: ScalarText) { self.text = text }

  private var current: Unicode.Scalar? { at < text.endIndex ? text[at] : nil }

  private mutating func take(_ wanted: Unicode.Scalar) -> Bool {
    guard current == wanted else { return false }
    at += 1
    return true
  }

  /// As much as fits.
  private mutating func prompt(depth: Int) -> [ScheduleNode] {
    var nodes: [ScheduleNode] = []
    while let scalar = current {
      let found: [ScheduleNode]? =
        switch scalar {
        case "(": bracket(depth) { $0.round(depth) }
        case "[": bracket(depth) { $0.square(depth) }
        default: plain().map { [.literal($0)] }
        }
      guard let found else { break }
      nodes += found
    }
    return nodes
  }

  private mutating func plain() -> String? {
    let start = at
    while let scalar = current, !"[]():|".unicodeScalars.contains(scalar) {
      guard scalar == "\\" else {
        at += 1
        continue
      }
      guard at + 1 < text.endIndex, text[at + 1] != "\n" else { break }
      at += 2
    }
    return at > start ? text[start..<at].string : nil
  }

  /// What `read` makes of a bracket and what follows; nil, and nothing read, if it does not fit.
  private mutating func bracket(
    _ depth: Int, _ read: (inout ScheduleParser) -> [ScheduleNode]?
  ) -> [ScheduleNode]? {
    guard depth < Self.depthLimit, !literalBrackets.contains(at) else { return nil }
    let start = at
    at += 1
    if let nodes = read(&self) { return nodes }
    // Near the limit of depth it is only out of reach, and may fit when read from nearer by.
    if depth < Self.depthLimit / 2 { literalBrackets.insert(start) }
    at = start
    return nil
  }

  /// Behind `(`.
  private mutating func round(_ depth: Int) -> [ScheduleNode]? {
    var nodes = [.literal("(")] + prompt(depth: depth + 1)
    if take(":") { nodes += [.literal(":")] + prompt(depth: depth + 1) }
    return take(")") ? nodes + [.literal(")")] : nil
  }

  /// Behind `[`.
  private mutating func square(_ depth: Int) -> [ScheduleNode]? {
    let first = prompt(depth: depth + 1)
    if take("]") { return [.literal("[")] + first + [.literal("]")] }
    if take("|") { return alternate(first, depth) }
    guard take(":") else { return nil }
    if let when = numberAndEnd() { return [.switched(before: [], after: first, when: when)] }
    let second = prompt(depth: depth + 1)
    guard take(":"), let when = numberAndEnd() else { return nil }
    return [.switched(before: first, after: second, when: when)]
  }

  /// Behind `[ prompt |`.
  private mutating func alternate(_ first: [ScheduleNode], _ depth: Int) -> [ScheduleNode]? {
    var options = [first]
    repeat { options.append(prompt(depth: depth + 1)) } while take("|")
    return take("]") ? [.alternating(options)] : nil
  }

  /// `number ]` with space around the number.
  private mutating func numberAndEnd() -> String? {
    let start = text.skippingSpace(from: at)
    guard let end = PromptNumber.end(in: text, from: start) else { return nil }
    let close = text.skippingSpace(from: end)
    guard close < text.endIndex, text[close] == "]" else { return nil }
    at = close + 1
    return text[start..<end].string
  }
}

extension [ScheduleNode] {
  /// Neighbouring literals as one.
  fileprivate func joined() -> [ScheduleNode] {
    var result: [ScheduleNode] = []
    var pending: String?
    for node in self {
      if case .literal(let text) = node {
        if pending == nil { pending = text } else { pending?.append(text) }
        continue
      }
      if let text = pending { result.append(.literal(text)) }
      pending = nil
      result.append(node)
    }
    if let text = pending { result.append(.literal(text)) }
    return result
  }
}
