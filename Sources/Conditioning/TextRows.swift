import Models
import TensorCore

/// A model's text encoders as training asks them: rows of tokens to what the denoising network reads, differentiable.
public struct TextRows: Sendable {
  public let conditioners: [TextConditioner]
  /// Two encoders whose states are joined, and pooled text of the last.
  public let isXL: Bool
  /// Layers skipped, as diffusers counts; nil for the model's default.
  public let clipSkip: Int?

  public init(_ conditioners: [TextConditioner], isXL: Bool, clipSkip: Int? = nil) {
    (self.conditioners, self.isXL, self.clipSkip) = (conditioners, isXL, clipSkip)
  }

  /// A text's tokens for one encoder.
  public struct Row: Sendable, Equatable {
    /// Start, text, end, padding.
    public let ids: [Int32]
    /// Where the vectors of the word that is learnt begin.
    public var places: [Int] = []
  }

  /// A text's tokens, a row for each encoder. What is too long is cut off.
  /// - Parameter word: a word that stands for vectors of its own.
  public func tokens(_ text: String, word: TextualInversion? = nil) -> [Row] {
    conditioners.map { part in
      let length = part.model.config.positionCount
      guard let word else { return Row(ids: part.tokenizer.encode(text, length: length)) }
      let chunks = TokenChunks([.text(text, weight: 1)], tokenizer: part.tokenizer, length: length, embeddings: [word])
      return Row(ids: chunks.chunks[0].ids, places: chunks.chunks[0].vectors.map(\.position))
    }
  }

  /// Whether a text has more tokens than a row holds.
  public func isCut(_ text: String) -> Bool {
    conditioners.contains { $0.tokenizer.encode(text).count > $0.model.config.positionCount }
  }

  /// - Parameters:
  ///   - rows: for each encoder a row for each text.
  ///   - vectors: for each encoder `[n, D]`, put where rows have places.
  /// - Returns: context `[B, T, D]` and for SDXL pooled text `[B, P]`, in `dtype`.
  public func encode(_ rows: [[Row]], vectors: [Tensor] = [], dtype: DType) throws -> PromptConditioning {
    var states: [Tensor] = []
    var pooled: Tensor?
    for (index, part) in conditioners.enumerated() {
      let replacements =
        vectors.isEmpty
        ? []
        : rows[index].enumerated().flatMap { number, row in
          row.places.map { CLIPTextModel.Replacement(row: number, position: $0, vectors: vectors[index]) }
        }
      let encoding = part.model(rows[index].map(\.ids), replacing: replacements, dtype: dtype)
      states.append(try PromptEncoder.hiddenState(encoding, of: part, isXL: isXL, clipSkip: clipSkip))
      if isXL { pooled = encoding.pooled }
    }
    return PromptConditioning(context: states.count == 1 ? states[0] : .concatenate(states, axis: 2), pooled: pooled)
  }
}

extension PromptConditioning {
  /// Rows of equal length as one batch.
  public static func joined(_ rows: [PromptConditioning]) -> PromptConditioning {
    let pooled = rows.compactMap(\.pooled)
    return PromptConditioning(
      context: Tensor.concatenate(rows.map(\.context), axis: 0),
      pooled: pooled.isEmpty ? nil : Tensor.concatenate(pooled, axis: 0))
  }
}
