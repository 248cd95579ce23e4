import NN
import TensorCore

/// Two layers with four times the width between them.
struct DiTFeedForward: Sendable {
  private let inner, outer: Linear
  private let activation: DiTConfig.FeedForwardActivation

  init(_ p: ParameterPath, width: Int, activation: DiTConfig.FeedForwardActivation) {
    let middle = activation == .geglu ? 8 * width : 4 * width
    inner = Linear(p.net[0].proj, width, middle, initializer: .glorot(width, middle))
    outer = Linear(p.net[2], 4 * width, width, initializer: .glorot(4 * width, width))
    self.activation = activation
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let h = inner(x)
    return switch activation {
    case .gelu: outer(h.applying(.gelu))
    case .geluTanh: outer(h.applying(.geluTanh))
    case .geglu: outer(h.geglu)
    }
  }
}

/// Self-attention and a feed-forward network, each scaled, shifted and gated by what the network is told, with
/// cross-attention to a text between them where there is one.
struct DiTBlock: Sendable {
  private let norm1, norm2: ModulatedLayerNorm
  private let attention: Attention
  private let textAttention: Attention?
  private let feedForward: DiTFeedForward

  init(_ p: ParameterPath, _ config: DiTConfig) {
    let (width, heads) = (config.width, config.headCount)
    let isText = config.conditioning == .text
    let isAffine = config.normElementwiseAffine
    // The first norm of adaLN-zero is part of the modulation and has settings of its own.
    norm1 = ModulatedLayerNorm(isAffine && isText ? p.norm1 : nil, width, epsilon: isText ? config.normEps : 1e-6)
    attention = Attention(p.attn1, width: width, context: width, heads: heads, bias: config.attentionBias)
    textAttention = config.crossAttentionDim.map {
      Attention(p.attn2, width: width, context: $0, heads: heads, bias: config.attentionBias)
    }
    norm2 = ModulatedLayerNorm(isAffine ? (isText ? p.norm2 : p.norm3) : nil, width, epsilon: config.normEps)
    feedForward = DiTFeedForward(p.ff, width: width, activation: config.activation)
  }

  /// - Parameters:
  ///   - x: tokens `[B, T, width]`.
  ///   - modulation: shift, scale and gate of attention, then of the feed-forward network, `[B, 6, width]`.
  ///   - context: the text's states `[B, Tk, crossAttentionDim]`.
  func callAsFunction(_ x: Tensor, modulation: Tensor, context: Tensor?) -> Tensor {
    let m = modulation.split(axis: 1, [1, 1, 1, 1, 1, 1])
    var h = x + attention.alone(norm1(x, shift: m[0], scale: m[1])) * m[2]
    if let textAttention, let context { h = textAttention(h, context: context, residual: h) }
    return h + feedForward(norm2(h, shift: m[3], scale: m[4])) * m[5]
  }
}

extension Attention {
  /// Self-attention without a residual, for a result that is gated before it is added.
  func alone(_ x: Tensor) -> Tensor { toOut(Tensor.attention(toQ(x), toK(x), toV(x), heads: heads)) }
}
