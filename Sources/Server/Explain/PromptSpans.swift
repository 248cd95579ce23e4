import PromptLanguage

/// What stands where in a prompt, for pages that show the prompt language in colours.
package struct PromptSpans: Sendable {
  /// A stretch of the prompt.
  package struct Span: Encodable, Equatable, Sendable {
    package enum Kind: String, Encodable, Sendable {
      case emphasis, schedule, alternation, and, `break`, tag, embedding, comment, bracket, problem
    }

    /// In UTF-16 code units, as JavaScript counts.
    package let start, end: Int
    package let kind: Kind
    /// What the words in it are multiplied by, all brackets around it counted.
    package var weight: Double?
  }

  /// Outer ones before those in them.
  package private(set) var spans: [Span] = []
  private let scalars: [Unicode.Scalar]
  /// UTF-16 offsets of the scalars, and of the end.
  private let offsets: [Int]

  /// An open bracket.
  private struct Open {
    let at: Int
    let isRound: Bool
    var colons: [Int] = []
    var hasBar = false
    /// Spans inside, whose weights this one multiplies.
    let firstInner: Int
  }

  /// - Parameters:
  ///   - isNegative: AND and tags are text in negative prompts.
  ///   - embeddings: names of textual inversions.
  package init(_ prompt: String, isNegative: Bool, embeddings: [String]) {
    scalars = Array(prompt.unicodeScalars)
    var offsets = [0]
    for scalar in scalars { offsets.append(offsets[offsets.count - 1] + UTF16.width(scalar)) }
    self.offsets = offsets
    scan(isNegative: isNegative, embeddings: Set(embeddings.map { $0.lowercased() }))
    spans.sort { ($0.start, -$0.end) < ($1.start, -$1.end) }
  }

  private mutating func add(_ range: Range<Int>, _ kind: Span.Kind, weight: Double? = nil) {
    spans.append(Span(start: offsets[range.lowerBound], end: offsets[range.upperBound], kind: kind, weight: weight))
  }

  private mutating func scan(isNegative: Bool, embeddings: Set<String>) {
    var (at, open) = (0, [Open]())
    while at < scalars.count {
      switch scalars[at] {
      case "\\": at += 1
      case "#": at = comment(at) - 1
      case "<" where !isNegative:
        if let end = tagEnd(at) {
          add(at..<end, .tag)
          at = end - 1
        }
      case "(", "[": open.append(Open(at: at, isRound: scalars[at] == "(", firstInner: spans.count))
      case ")", "]":
        let isRound = scalars[at] == ")"
        // The innermost of its kind; what is open inside that one is never closed.
        if let place = open.lastIndex(where: { $0.isRound == isRound }) {
          close(open[place], at: at)
          open.removeSubrange(place...)
        }
      case ":" where !open.isEmpty: open[open.count - 1].colons.append(at)
      case "|" where open.last?.isRound == false: open[open.count - 1].hasBar = true
      case let scalar where Self.isWord(scalar) && (at == 0 || !Self.isWord(scalars[at - 1])):
        at = word(at, isNegative: isNegative, embeddings) - 1
      default: break
      }
      at += 1
    }
  }

  /// The span of a bracket that is closed.
  private mutating func close(_ open: Open, at end: Int) {
    add(open.at..<open.at + 1, .bracket)
    add(end..<end + 1, .bracket)
    let value = open.colons.last.flatMap { number($0 + 1..<end) }
    if !open.isRound, open.hasBar { return add(open.at..<end + 1, .alternation) }
    if !open.isRound, value != nil { return add(open.at..<end + 1, .schedule) }
    let factor = open.isRound ? value ?? 1.1 : 1 / 1.1
    for index in open.firstInner..<spans.count {
      if let weight = spans[index].weight { spans[index].weight = weight * factor }
    }
    add(open.at..<end + 1, .emphasis, weight: factor)
  }

  private func number(_ range: Range<Int>) -> Double? {
    var text = String.UnicodeScalarView()
    text.append(contentsOf: scalars[range])
    let trimmed = String(text).filter { $0 != " " }
    return Double(trimmed).flatMap { $0.isFinite ? $0 : nil }
  }

  private mutating func comment(_ start: Int) -> Int {
    let end = scalars[start...].firstIndex(of: "\n") ?? scalars.count
    add(start..<end, .comment)
    return max(end, start + 1)
  }

  /// Behind the `>` of a tag that begins here; nil for none.
  private func tagEnd(_ start: Int) -> Int? {
    guard let colon = scalars[(start + 1)...].firstIndex(where: { !Self.isWord($0) }), colon > start + 1,
      scalars[colon] == ":", let end = scalars[colon...].firstIndex(of: ">")
    else { return nil }
    return end + 1
  }

  private mutating func word(_ start: Int, isNegative: Bool, _ embeddings: Set<String>) -> Int {
    let end = scalars[start...].firstIndex { !Self.isWord($0) && $0 != "-" } ?? scalars.count
    var view = String.UnicodeScalarView()
    view.append(contentsOf: scalars[start..<end])
    let text = String(view)
    if text == "BREAK" { add(start..<end, .break) }
    if text == "AND", !isNegative { add(start..<end, .and) }
    if embeddings.contains(text.lowercased()) { add(start..<end, .embedding) }
    return end
  }

  private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
    scalar == "_" || scalar.properties.isAlphabetic || scalar.properties.numericType != nil
  }
}
