import Diffusion
import Models
import PromptLanguage
import TensorCore

/// What the U-Net is told about one prompt.
public struct PromptConditioning: Sendable {
  /// `[1, T, D]`, float32.
  public let context: Tensor
  /// Pooled text `[1, P]` for SDXL.
  public let pooled: Tensor?
}

/// Turns texts into conditioning: emphasis, chunks of tokens, text encoder, the right layer.
public struct PromptEncoder: Sendable {
  let conditioners: [TextConditioner]
  let isXL: Bool
  let precision: Precision
  /// What weights of words do; `none` takes brackets as text.
  var emphasis = Emphasis.original
  /// Words that stand for vectors of their own.
  var embeddings: [TextualInversion] = []

  /// Tokens of a row of CLIP's text encoders; those of other lengths have learnt only one row.
  private static let chunkedLength = 77

  /// - Parameter clipSkip: layers skipped, as diffusers counts: nil = the model's default.
  public func encode(_ text: String, clipSkip: Int?) throws -> PromptConditioning {
    let segments = emphasis == .none ? [.text(text, weight: 1)] : EmphasisParser.parse(text)
    let rows = try conditioners.indices.map { try chunks(segments, encoder: $0) }
    let count = rows.map(\.chunks.count).max() ?? 1
    var contexts: [Tensor] = []
    var pooled: Tensor?
    for index in 0..<count {
      let parts = try conditioners.indices.map { encoder -> Tensor in
        let chunks = rows[encoder].chunks
        let chunk = index < chunks.count ? chunks[index] : try empty(encoder: encoder)
        let encoding = run(chunk, encoder: encoder)
        if isXL, index == 0, encoder == conditioners.count - 1 { pooled = encoding.pooled.cast(to: .f32) }
        let state = try state(encoding, of: conditioners[encoder], clipSkip: clipSkip).cast(to: .f32)
        return try emphasize(state, chunk, encoder: encoder, clipSkip: clipSkip)
      }
      contexts.append(Tensor.concatenate(parts, axis: 2))
    }
    return PromptConditioning(context: Tensor.concatenate(contexts, axis: 1), pooled: pooled)
  }

  /// The conditioning lengthened by empty chunks to `length` tokens.
  func padded(_ conditioning: PromptConditioning, to length: Int, clipSkip: Int?) throws -> PromptConditioning {
    let missing = length - conditioning.context.shape[1]
    guard missing > 0 else { return conditioning }
    let empty = try encode("", clipSkip: clipSkip).context
    let rows = [conditioning.context] + Array(repeating: empty, count: missing / empty.shape[1])
    return PromptConditioning(context: Tensor.concatenate(rows, axis: 1), pooled: conditioning.pooled)
  }

  /// The tokens of a prompt for one of the encoders.
  func chunks(_ segments: [PromptSegment], encoder: Int) throws -> TokenChunks {
    let part = conditioners[encoder]
    let length = part.model.config.positionCount
    let chunks = TokenChunks(segments, tokenizer: part.tokenizer, length: length, embeddings: embeddings)
    guard chunks.chunks.count == 1 || length == Self.chunkedLength else {
      throw GenerationError.promptTooLong(tokens: chunks.tokenCount, limit: length - 2)
    }
    return chunks
  }

  private func empty(encoder: Int) throws -> TokenChunks.Chunk {
    try chunks([.text("", weight: 1)], encoder: encoder).chunks[0]
  }

  private func run(_ chunk: TokenChunks.Chunk, encoder: Int) -> TextEncoding {
    let replacements = chunk.vectors.map {
      CLIPTextModel.Replacement(row: 0, position: $0.position, vectors: $0.embedding.vectors[encoder])
    }
    return conditioners[encoder].model([chunk.ids], replacing: replacements, dtype: precision.dtype)
  }

  private func emphasize(
    _ state: Tensor, _ chunk: TokenChunks.Chunk, encoder: Int, clipSkip: Int?
  ) throws -> Tensor {
    guard emphasis == .comfy, chunk.weights.contains(where: { $0 != 1 }) else {
      return emphasis.apply(state, weights: chunk.weights) { state }
    }
    let encoding = run(try empty(encoder: encoder), encoder: encoder)
    let nothing = try self.state(encoding, of: conditioners[encoder], clipSkip: clipSkip).cast(to: .f32)
    return emphasis.apply(state, weights: chunk.weights) { nothing }
  }

  /// The hidden state the U-Net reads. SDXL takes the last layer but one without the final LayerNorm.
  private func state(
    _ encoding: TextEncoding, of part: TextConditioner, clipSkip: Int?
  ) throws -> Tensor {
    let skipped = clipSkip ?? 0
    let fromEnd = isXL ? skipped + 2 : skipped + 1
    guard skipped >= 0, fromEnd <= encoding.hiddenStates.count else {
      throw GenerationError.badValue(
        name: "--clip-skip", value: "\(skipped)",
        reason: "the text encoder has \(encoding.hiddenStates.count - 1) layers")
    }
    if isXL { return encoding.hiddenStates[encoding.hiddenStates.count - fromEnd] }
    if clipSkip == nil { return encoding.lastHiddenState }
    return part.model.normalized(encoding.hiddenStates[encoding.hiddenStates.count - fromEnd])
  }

  /// The conditioning of "nothing": zeros, for SDXL without a negative prompt.
  static func zeros(like conditioning: PromptConditioning) -> PromptConditioning {
    PromptConditioning(
      context: .zeros(conditioning.context.shape),
      pooled: conditioning.pooled.map { .zeros($0.shape) })
  }
}
