import Models
import TensorCore

/// A model's text encoders as training asks them: rows of tokens to what the denoising network is told, differentiable.
public struct TextRows: Sendable {
  public typealias Row = TokenRow

  private let text: any TokenRowEncoding
  /// Layers skipped, as diffusers counts; nil for the model's default.
  public let clipSkip: Int?

  public init(_ text: any TokenRowEncoding, clipSkip: Int? = nil) { (self.text, self.clipSkip) = (text, clipSkip) }

  /// - Throws: `unsupported` for a model whose texts are no rows of tokens.
  public init(_ text: any TextEncoding, clipSkip: Int? = nil) throws(GenerationError) {
    guard let rows = text as? any TokenRowEncoding else {
      throw .unsupported(what: "the model reads no texts that could be taught it")
    }
    self.init(rows, clipSkip: clipSkip)
  }

  public var encoderCount: Int { text.encoderCount }

  /// A text's tokens without start, end and padding, for each encoder.
  public func contentTokens(_ text: String) -> [[Int32]] { self.text.contentTokens(text) }

  /// A text's tokens, a row for each encoder. What is too long is cut off.
  /// - Parameter word: a word that stands for vectors of its own.
  public func tokens(_ text: String, word: TextualInversion? = nil) -> [Row] { self.text.tokens(text, word: word) }

  /// Whether a text has more tokens than a row holds.
  public func isCut(_ text: String) -> Bool { self.text.isCut(text) }

  /// - Parameters:
  ///   - rows: for each encoder a row for each text.
  ///   - vectors: for each encoder `[n, D]`, put where rows have places.
  /// - Returns: context `[B, T, D]`, and pooled text `[B, P]` where the network reads it, in `dtype`.
  public func encode(_ rows: [[Row]], vectors: [Tensor] = [], dtype: DType) throws -> NetworkConditioning {
    try text.encode(rows, vectors: vectors, clipSkip: clipSkip, dtype: dtype)
  }
}
