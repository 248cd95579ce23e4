import Diffusion
import Models
import TensorCore

/// What the U-Net is told about one prompt.
public struct PromptConditioning: Sendable {
  /// `[1, T, D]`, float32.
  public let context: Tensor
  /// Pooled text `[1, P]` for SDXL.
  public let pooled: Tensor?
}

/// Turns prompts into conditioning: tokens, text encoder, the right layer.
public struct PromptEncoder: Sendable {
  let conditioners: [TextConditioner]
  let isXL: Bool
  let precision: Precision

  /// - Parameter clipSkip: layers skipped, as diffusers counts: nil = the model's default.
  public func encode(_ prompt: String, clipSkip: Int?) throws -> PromptConditioning {
    let encodings = try conditioners.map { part -> (TextEncoding, TextConditioner) in
      let length = part.model.config.positionCount
      let tokens = part.tokenizer.encode(prompt).count
      guard tokens <= length else {
        throw GenerationError.promptTooLong(tokens: tokens - 2, limit: length - 2)
      }
      return (part.model([part.tokenizer.encode(prompt, length: length)], dtype: precision.dtype), part)
    }
    let contexts = try encodings.map { try state($0.0, of: $0.1, clipSkip: clipSkip).cast(to: .f32) }
    return PromptConditioning(
      context: Tensor.concatenate(contexts, axis: 2),
      pooled: isXL ? encodings.last?.0.pooled.cast(to: .f32) : nil)
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
