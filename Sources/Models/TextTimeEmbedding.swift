import NN
import TensorCore

/// What is added to the embedding of the time (diffusers' `addition_embed_type`).
enum AddedEmbedding: Sendable {
  /// `text_time`: pooled text and the picture's sizes (Podell et al. 2023, §2.2).
  case textAndSizes(TimestepEmbedding)
  /// `text`: the states of the text, pooled by attention.
  case text(TextTimeEmbedding)

  /// nil if nothing is added.
  init?(_ p: ParameterPath, _ config: UNet2DConditionConfig, timeWidth: Int) {
    switch config.additionEmbedType {
    case "text_time":
      self = .textAndSizes(TimestepEmbedding(p, config.projectionClassEmbeddingsInputDim ?? 0, timeWidth))
    case "text":
      self = .text(
        TextTimeEmbedding(
          p, width: config.crossAttentionDim, timeWidth: timeWidth, heads: config.additionEmbedTypeNumHeads))
    default: return nil
    }
  }
}

/// A text's states as one vector beside the embedding of the time, so that every residual block knows the text as a whole:
/// LayerNorm, attention pooling, a linear layer, LayerNorm (diffusers' `TextTimeEmbedding`, from DeepFloyd IF).
struct TextTimeEmbedding: Sendable {
  let norm1, norm2: LayerNorm
  let pool: AttentionPooling
  let projection: Linear

  init(_ p: ParameterPath, width: Int, timeWidth: Int, heads: Int) {
    norm1 = LayerNorm(p.norm1, width)
    pool = AttentionPooling(p.pool, width: width, heads: heads)
    projection = Linear(p.proj, width, timeWidth)
    norm2 = LayerNorm(p.norm2, timeWidth)
  }

  /// `[B, T, width]` to `[B, timeWidth]`.
  func callAsFunction(_ states: Tensor) -> Tensor { norm2(projection(pool(norm1(states)))) }
}

/// Tokens to one vector: their mean, with a learnt vector added, asks all of them and itself (diffusers' `AttentionPooling`).
struct AttentionPooling: Sendable {
  let position: Parameter
  let toQ, toK, toV: Linear
  let heads: Int

  init(_ p: ParameterPath, width: Int, heads: Int) {
    position = p.positional_embedding.parameter(
      [1, width], .normal(deviation: 1 / Float(width).squareRoot()))
    toK = Linear(p.k_proj, width, width)
    toQ = Linear(p.q_proj, width, width)
    toV = Linear(p.v_proj, width, width)
    self.heads = heads
  }

  /// `[B, T, width]` to `[B, width]`.
  func callAsFunction(_ x: Tensor) -> Tensor {
    let (batch, width) = (x.shape[0], x.shape[2])
    let mean = x.mean(axes: [1]).reshaped([batch, 1, width])
    let query = mean + position.tensor.cast(to: x.dtype).reshaped([1, 1, width])
    let tokens = Tensor.concatenate([query, x], axis: 1)
    return Tensor.attention(toQ(query), toK(tokens), toV(tokens), heads: heads).reshaped([batch, width])
  }
}
