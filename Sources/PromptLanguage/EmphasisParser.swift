/// A stretch of a prompt with one weight, or the place where a new chunk begins.
public enum PromptSegment: Sendable, Equatable {
  case text(String, weight: Float)
  /// `BREAK`: what follows starts a new chunk of tokens.
  case chunkBreak
}

/// AUTOMATIC1111's emphasis: `(x)` times 1.1, `[x]` divided by 1.1, `(x:1.3)` times 1.3, nested ones multiply,
/// `\(` and the like are literal (modules/prompt_parser.py, `parse_prompt_attention`).
public enum EmphasisParser {
  private struct Piece {
    var text: String
    var weight: Float
    var isBreak = false
  }

  /// The segments of a prompt, neighbours of equal weight joined. An opening bracket that is never closed holds to the end.
  public static func parse(_ prompt: String) -> [PromptSegment] {
    var pieces: [Piece] = []
    var round: [Int] = []
    var square: [Int] = []
    func scale(from start: Int, by factor: Float) {
      for i in start..<pieces.count where !pieces[i].isBreak { pieces[i].weight *= factor }
    }
    var rest = Substring(prompt)
    while let token = EmphasisToken.next(&rest) {
      switch token {
      case .literal(let text): append(text, to: &pieces)
      case .openRound: round.append(pieces.count)
      case .openSquare: square.append(pieces.count)
      case .weight(let value, let text):
        if let start = round.popLast() { scale(from: start, by: value) } else { append(text, to: &pieces) }
      case .closeRound:
        if let start = round.popLast() { scale(from: start, by: 1.1) } else { append(")", to: &pieces) }
      case .closeSquare:
        if let start = square.popLast() { scale(from: start, by: 1 / 1.1) } else { append("]", to: &pieces) }
      }
    }
    for start in round { scale(from: start, by: 1.1) }
    for start in square { scale(from: start, by: 1 / 1.1) }
    return joined(pieces)
  }

  /// Appends text, cut at `BREAK` with the space around it.
  private static func append(_ text: String, to pieces: inout [Piece]) {
    for (index, part) in text.split(breakingAt: "BREAK", withSpace: true).enumerated() {
      if index > 0 { pieces.append(Piece(text: "", weight: 1, isBreak: true)) }
      pieces.append(Piece(text: part, weight: 1))
    }
  }

  private static func joined(_ pieces: [Piece]) -> [PromptSegment] {
    var result: [PromptSegment] = []
    for piece in pieces {
      if piece.isBreak {
        result.append(.chunkBreak)
      } else if case .text(let text, let weight)? = result.last, weight == piece.weight {
        result[result.count - 1] = .text(text + piece.text, weight: weight)
      } else {
        result.append(.text(piece.text, weight: piece.weight))
      }
    }
    return result.isEmpty ? [.text("", weight: 1)] : result
  }
}

/// What emphasis is made of.
private enum EmphasisToken {
  case literal(String)
  case openRound, openSquare, closeRound, closeSquare
  /// `: number )`, and how it was written.
  case weight(Float, String)

  static func next(_ rest: inout Substring) -> EmphasisToken? {
    guard let first = rest.first else { return nil }
    switch first {
    case "\\":
      rest.removeFirst()
      guard let escaped = rest.first, "()[]\\".contains(escaped) else { return .literal("") }
      rest.removeFirst()
      return .literal(String(escaped))
    case "(":
      rest.removeFirst()
      return .openRound
    case "[":
      rest.removeFirst()
      return .openSquare
    case ")":
      rest.removeFirst()
      return .closeRound
    case "]":
      rest.removeFirst()
      return .closeSquare
    case ":":
      if let found = weight(rest) {
        rest = rest[found.end...]
        return .weight(found.value, found.text)
      }
      rest.removeFirst()
      return .literal(":")
    default:
      let text = rest.prefix { !"\\()[]:".contains($0) }
      rest = rest[text.endIndex...]
      return .literal(String(text))
    }
  }

  private static func weight(_ rest: Substring) -> (value: Float, text: String, end: Substring.Index)? {
    var tail = rest.dropFirst().drop(while: \.isWhitespace)
    let start = tail.startIndex
    if let sign = tail.first, sign == "+" || sign == "-" { tail.removeFirst() }
    tail = tail.drop { $0 == "." || ($0.isASCII && $0.isNumber) }
    let number = rest[start..<tail.startIndex]
    tail = tail.drop(while: \.isWhitespace)
    // "[.\d]+" takes "1." and ".5" but also "1.2.3", which is no number and stays text.
    guard tail.first == ")", let value = PromptNumber.parse(number) else { return nil }
    let end = tail.index(after: tail.startIndex)
    return (Float(value), String(rest[rest.startIndex..<end]), end)
  }
}

/// Decimal numbers as prompts have them: `1`, `+1.5`, `.5`, `2.`
enum PromptNumber {
  static func parse(_ text: Substring) -> Double? {
    let digits = text.drop { $0 == "+" || $0 == "-" }
    guard digits.contains(where: \.isNumber), digits.allSatisfy({ $0 == "." || ($0.isASCII && $0.isNumber) }),
      text.count - digits.count <= 1
    else { return nil }
    return Double("\(text.hasPrefix("-") ? "-" : "")0\(digits)\(digits.hasSuffix(".") ? "0" : "")")
  }
}

extension String {
  /// The parts between a word that stands alone; with the space around it, if asked.
  func split(breakingAt word: String, withSpace: Bool) -> [String] {
    var parts: [String] = []
    var start = startIndex
    var at = startIndex
    func isWordCharacter(_ c: Character) -> Bool { c.isLetter || c.isNumber || c == "_" }
    while at < endIndex {
      let end = index(at, offsetBy: word.count, limitedBy: endIndex)
      if let end, self[at..<end] == word, at == startIndex || !isWordCharacter(self[index(before: at)]),
        end == endIndex || !isWordCharacter(self[end])
      {
        var (left, right) = (at, end)
        if withSpace {
          while left > start, self[index(before: left)].isWhitespace { left = index(before: left) }
          while right < endIndex, self[right].isWhitespace { right = index(after: right) }
        }
        parts.append(String(self[start..<left]))
        (start, at) = (right, right)
      } else {
        at = index(after: at)
      }
    }
    return parts + [String(self[start...])]
  }
}
