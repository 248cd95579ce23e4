/// What becomes of a text's words where a text encoder says which it has learnt (`KnownWords`).
public struct WordsRead: Sendable, Equatable {
  /// A word and the one that is read in its place.
  public struct Exchange: Sendable, Hashable, Encodable, CustomStringConvertible {
    public let word, by: String
    public var description: String { "\(word) as \(by)" }

    public init(word: String, by: String) { (self.word, self.by) = (word, by) }
  }

  /// Words that are left out, each once.
  public private(set) var leftOut: [String]
  /// Words that others are read for, each once.
  public private(set) var exchanged: [Exchange]
  /// Tokens that stay.
  public private(set) var tokenCount: Int

  public init(leftOut: [String] = [], exchanged: [Exchange] = [], tokenCount: Int = 0) {
    var seen: Set<String> = []
    self.leftOut = leftOut.filter { seen.insert($0).inserted }
    var others: Set<Exchange> = []
    self.exchanged = exchanged.filter { others.insert($0).inserted }
    self.tokenCount = tokenCount
  }

  /// Of two texts.
  public static func + (a: Self, b: Self) -> Self {
    Self(
      leftOut: a.leftOut + b.leftOut, exchanged: a.exchanged + b.exchanged, tokenCount: a.tokenCount + b.tokenCount)
  }
}
