import Models
import TensorCore

/// How texts are read, whatever they say.
public struct TextReading: Sendable {
  /// What weights of words do; `none` takes brackets as text.
  public var emphasis: Emphasis
  /// Words that stand for vectors of their own.
  public var embeddings: [TextualInversion]
  /// Arithmetic of the text encoders.
  public var precision: Precision

  public init(precision: Precision, emphasis: Emphasis = .original, embeddings: [TextualInversion] = []) {
    (self.precision, self.emphasis, self.embeddings) = (precision, emphasis, embeddings)
  }
}

/// What was said about pieces of text, each asked once: kept through a run's texts.
public struct TextMemory {
  /// By whatever an encoding tells its pieces apart by.
  var known: [AnyHashable: NetworkConditioning] = [:]

  public init() {}
}

/// The text side of a model: from texts to what its network is told, whatever is between them.
///
/// Those who make pictures hold `any TextEncoding` and know nothing of tokens.
public protocol TextEncoding: Sendable {
  /// Tokens the network reads of a short text; 0 for networks that read none.
  var tokenCount: Int { get }
  /// Features of the states the network reads; nil where it reads none.
  var contextWidth: Int? { get }
  /// Features of the text as one vector; nil where there is none.
  var pooledWidth: Int? { get }
  /// Features of vectors that may stand for a word, for each encoder; empty where none can.
  var vectorWidths: [Int] { get }

  /// Throws unless so many layers of the encoders can be skipped, as diffusers counts; nil for the model's default.
  func check(clipSkip: Int?) throws(GenerationError)

  /// Texts that take turns in one run, all lengthened to the same number of tokens; a row each. A text may stand there more
  /// than once.
  /// - Parameters:
  ///   - memory: what was encoded before.
  /// - Throws: `GenerationError` for texts that cannot be encoded, or that become no numbers.
  func encode(
    _ texts: [String], clipSkip: Int?, _ reading: TextReading, _ memory: inout TextMemory
  ) throws -> [NetworkConditioning]

  /// What stands for a negative prompt that is missing; nil where that is the empty text.
  func nothing(like told: NetworkConditioning) -> NetworkConditioning?

  /// What a text comes to where the encoder says which words it has learnt; nil where nobody says.
  func knownWords(in text: String, _ reading: TextReading) throws -> WordsRead?
}

extension TextEncoding {
  public func nothing(like told: NetworkConditioning) -> NetworkConditioning? { nil }

  public func knownWords(in text: String, _ reading: TextReading) -> WordsRead? { nil }

  /// The conditioning lengthened to so many tokens by the empty text's.
  func padded(
    _ told: NetworkConditioning, to length: Int, clipSkip: Int?, _ reading: TextReading, _ memory: inout TextMemory
  ) throws -> NetworkConditioning {
    let missing = length - told.length
    guard missing > 0, let context = told.context else { return told }
    guard let empty = try encode([""], clipSkip: clipSkip, reading, &memory)[0].context else { return told }
    var longer = told
    longer.context = Tensor.concatenate(
      [context] + Array(repeating: empty, count: missing / empty.shape[1]), axis: 1)
    return longer
  }
}

/// One text's tokens for one encoder.
public struct TokenRow: Sendable, Equatable {
  /// Start, text, end, padding.
  public let ids: [Int32]
  /// Where the vectors of the word that is learnt begin.
  public var places: [Int] = []

  public init(ids: [Int32], places: [Int] = []) { (self.ids, self.places) = (ids, places) }
}

/// Text encoders that can be taught: rows of tokens of one length to what the network is told, differentiable.
public protocol TokenRowEncoding: TextEncoding {
  /// Encoders, each of which has rows of its own.
  var encoderCount: Int { get }

  /// A text's tokens without start, end and padding, for each encoder.
  func contentTokens(_ text: String) -> [[Int32]]

  /// A text's tokens, a row for each encoder. What is too long is cut off.
  /// - Parameter word: a word that stands for vectors of its own.
  func tokens(_ text: String, word: TextualInversion?) -> [TokenRow]

  /// Whether a text has more tokens than a row holds.
  func isCut(_ text: String) -> Bool

  /// - Parameters:
  ///   - rows: for each encoder a row for each text.
  ///   - vectors: for each encoder `[n, D]`, put where rows have places.
  /// - Returns: context `[B, T, D]`, and pooled text `[B, P]` where the network reads it, in `dtype`.
  func encode(
    _ rows: [[TokenRow]], vectors: [Tensor], clipSkip: Int?, dtype: DType
  ) throws -> NetworkConditioning
}
