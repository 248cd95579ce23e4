import NN
import TensorCore

/// Linear to twice four times the width, GEGLU, linear back (Shazeer 2020).
public struct FeedForward: Sendable {
  let projection, out: Linear

  public init(_ p: ParameterPath, width: Int) {
    projection = Linear(p.net[0].proj, width, width * 8)
    out = Linear(p.net[2], width * 4, width)
  }

  public func callAsFunction(_ x: Tensor, residual: Tensor) -> Tensor {
    out(projection(x).geglu, residual: residual)
  }
}

/// Self-attention, cross-attention and feed-forward, each behind a LayerNorm and with a residual.
public struct BasicTransformerBlock: Sendable {
  let norm1, norm2, norm3: LayerNorm
  let attn1, attn2: Attention
  let ff: FeedForward

  public init(_ p: ParameterPath, width: Int, context: Int, heads: Int) {
    norm1 = LayerNorm(p.norm1, width)
    attn1 = Attention(p.attn1, width: width, context: width, heads: heads)
    norm2 = LayerNorm(p.norm2, width)
    attn2 = Attention(p.attn2, width: width, context: context, heads: heads)
    norm3 = LayerNorm(p.norm3, width)
    ff = FeedForward(p.ff, width: width)
  }

  /// - Parameters:
  ///   - x: `[B, T, width]`.
  ///   - context: `[B, Tk, context]`.
  public func callAsFunction(_ x: Tensor, context: Tensor) -> Tensor {
    var h = attn1(norm1(x), residual: x)
    h = attn2(norm2(h), context: context, residual: h)
    return ff(norm3(h), residual: h)
  }
}

/// Transformer blocks over the pixels of an image (Rombach et al. 2022, §3.3).
public struct Transformer2DModel: Sendable {
  let norm: GroupNorm
  let projIn, projOut: PixelProjection
  let blocks: [BasicTransformerBlock]

  /// - Parameter linear: whether the projections are stored as linear layers (SD 2.x, SDXL) or as 1×1 convolutions.
  public init(
    _ p: ParameterPath, channels: Int, context: Int, heads: Int, depth: Int, groups: Int, linear: Bool
  ) {
    norm = GroupNorm(p.norm, channels: channels, groups: groups, epsilon: 1e-6)
    projIn = PixelProjection(p.proj_in, channels, linear: linear)
    blocks = (0..<depth).map {
      BasicTransformerBlock(
        p.transformer_blocks[$0], width: channels, context: context, heads: heads)
    }
    projOut = PixelProjection(p.proj_out, channels, linear: linear)
  }

  /// `[B, H, W, C]` and context `[B, Tk, D]` to `[B, H, W, C]`.
  public func callAsFunction(_ x: Tensor, context: Tensor) -> Tensor {
    let tokens = x.reshaped([x.shape[0], x.shape[1] * x.shape[2], x.shape[3]])
    var h = projIn(norm(x).reshaped(tokens.shape))
    for block in blocks { h = block(h, context: context) }
    return projOut(h, residual: tokens).reshaped(x.shape)
  }
}

/// A linear map of each pixel's channels. On channels-last tokens a 1×1 convolution is the same thing;
/// only the shape in the checkpoint differs.
struct PixelProjection: Sendable {
  let weight, bias: Parameter

  init(_ p: ParameterPath, _ channels: Int, linear: Bool) {
    let shape = linear ? [channels, channels] : [channels, channels, 1, 1]
    weight = p.weight.parameter(shape, .fanIn(channels))
    bias = p.bias.parameter([channels], .fanIn(channels))
  }

  func callAsFunction(_ x: Tensor, residual: Tensor? = nil) -> Tensor {
    let channels = weight.shape[0]
    return x.linear(
      weight.tensor.reshaped([channels, channels]), bias: bias.tensor,
      residual: weight.adapted(x, residual: residual))
  }
}
