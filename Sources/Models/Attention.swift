import NN
import TensorCore

/// Multi-head attention between tokens (self) or from tokens to a context (cross).
public struct Attention: Sendable {
  let toQ, toK, toV, toOut: Linear
  let heads: Int

  /// - Parameters:
  ///   - width: channels of the tokens; the inner width is the same.
  ///   - context: channels of keys and values.
  ///   - bias: whether q, k and v have biases (transformer blocks: no; autoencoders: yes).
  public init(_ p: ParameterPath, width: Int, context: Int, heads: Int, bias: Bool = false) {
    toQ = Linear(p.to_q.or("query"), width, width, bias: bias)
    toK = Linear(p.to_k.or("key"), context, width, bias: bias)
    toV = Linear(p.to_v.or("value"), context, width, bias: bias)
    toOut = Linear(p.to_out[0].or("proj_attn", replacing: 2), width, width)
    self.heads = heads
  }

  /// - Parameters:
  ///   - x: `[B, T, width]`.
  ///   - context: `[B, Tk, context]`; x itself if nil.
  ///   - residual: added to the result.
  ///   - causal: whether a token sees itself and those before it only.
  public func callAsFunction(
    _ x: Tensor, context: Tensor? = nil, residual: Tensor, causal: Bool = false
  ) -> Tensor {
    let source = context ?? x
    return toOut(
      Tensor.attention(toQ(x), toK(source), toV(source), heads: heads, causal: causal), residual: residual)
  }
}

/// Attention over the pixels of an image with a GroupNorm in front and a residual around:
/// the middle of autoencoders and of unconditional U-Nets.
public struct ImageAttention: Sendable {
  let norm: GroupNorm
  let attention: Attention
  /// What the sum with the residual is divided by.
  let scale: Float

  /// - Parameter scale: what the sum with the residual is divided by (diffusers' `rescale_output_factor`).
  public init(_ p: ParameterPath, channels: Int, heads: Int, groups: Int, epsilon: Float, scale: Float = 1) {
    self.scale = scale
    norm = GroupNorm(p.group_norm, channels: channels, groups: groups, epsilon: epsilon)
    attention = Attention(p, width: channels, context: channels, heads: heads, bias: true)
  }

  /// `[B, H, W, C]` to the same.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    let tokens = [x.shape[0], x.shape[1] * x.shape[2], x.shape[3]]
    let sum = attention(norm(x).reshaped(tokens), residual: x.reshaped(tokens)).reshaped(x.shape)
    return scale == 1 ? sum : sum * (1 / scale)
  }
}
