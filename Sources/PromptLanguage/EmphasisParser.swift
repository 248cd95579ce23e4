/// A stretch of a prompt with one weight, or the place where a new chunk begins.
public enum PromptSegment: Sendable, Equatable {
  case text(String, weight: Float)
  /// `BREAK`: what follows starts a new chunk of tokens.
  case chunkBreak
}

/// AUTOMATIC1111's emphasis: `(x)` times 1.1, `[x]` divided by 1.1, `(x:1.3)` times 1.3, nested ones multiply,
/// `\(` and the like are literal (modules/prompt_parser.py, `parse_prompt_attention`).
///
/// A `BREAK` within brackets is one here; there, the brackets' weight turns it into the word "break".
public enum EmphasisParser {
  private struct Piece {
    var text: String
    /// In double precision: pieces are joined where the products are equal.
    var weight = 1.0
    var isBreak = false
  }

  /// The segments of a prompt, neighbours of equal weight joined. An opening bracket that is never closed holds to the
  /// end; a closing one that closes nothing is text.
  public static func parse(_ prompt: String) -> [PromptSegment] {
    var pieces: [Piece] = []
    var round: [Int] = []
    var square: [Int] = []
    func scale(from start: Int, by factor: Double) {
      for i in start..<pieces.count where !pieces[i].isBreak { pieces[i].weight *= factor }
    }
    var rest = prompt.scalars
    while let token = EmphasisToken.next(&rest) {
      switch token {
      case .escaped(let text): pieces.append(Piece(text: text))
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
    for (index, part) in text.split(at: "BREAK", withSpace: true).enumerated() {
      if index > 0 { pieces.append(Piece(text: "", isBreak: true)) }
      pieces.append(Piece(text: part))
    }
  }

  private static func joined(_ pieces: [Piece]) -> [PromptSegment] {
    var runs: [Piece] = []
    for piece in pieces {
      if let last = runs.last, !last.isBreak, !piece.isBreak, last.weight == piece.weight {
        runs[runs.count - 1].text += piece.text
      } else {
        runs.append(piece)
      }
    }
    let segments = runs.map { $0.isBreak ? .chunkBreak : PromptSegment.text($0.text, weight: Float($0.weight)) }
    return segments.isEmpty ? [.text("", weight: 1)] : segments
  }
}

/// What emphasis is made of.
private enum EmphasisToken {
  case escaped(String)
  case literal(String)
  case openRound, openSquare, closeRound, closeSquare
  /// `: number )`, and how it was written.
  case weight(Double, String)

  static func next(_ rest: inout ScalarText) -> EmphasisToken? {
    guard let first = rest.first else { return nil }
    let start = rest.startIndex
    func take(_ count: Int) -> String {
      defer { rest = rest.dropFirst(count) }
      return rest.prefix(count).string
    }
    switch first {
    case "\\":
      let escapes = rest.dropFirst().first.map { "()[]\\".unicodeScalars.contains($0) } ?? false
      return .escaped(String(take(escapes ? 2 : 1).unicodeScalars.dropFirst()))
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
      guard let found = weight(rest) else { return .literal(take(1)) }
      return .weight(found.value, take(found.end - start))
    default:
      return .literal(take(rest.prefix { !"\\()[]:".unicodeScalars.contains($0) }.count))
    }
  }

  /// A weight and the index behind its bracket, if `rest`, which starts with a colon, has one there.
  private static func weight(_ rest: ScalarText) -> (value: Double, end: Int)? {
    let start = rest.skippingSpace(from: rest.startIndex + 1)
    let isSigned = start < rest.endIndex && (rest[start] == "+" || rest[start] == "-")
    let digits = rest[(isSigned ? start + 1 : start)...].prefix { $0 == "." || $0.isDigit }
    let close = rest.skippingSpace(from: digits.endIndex)
    // "1.2.3" is no number and stays text.
    guard close < rest.endIndex, rest[close] == ")",
      let value = PromptNumber.parse(rest[start..<digits.endIndex].string)
    else { return nil }
    return (value, close + 1)
  }
}
