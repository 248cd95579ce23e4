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
  /// What the block adds to the scales, shifts and gates all blocks share, `[6, width]`; nil where it makes its own.
  private let table: Parameter?
  /// Time and class to scales, shifts and gates; nil where all blocks share them.
  private let own: Linear?
  /// Each block's copy of the embedding of time and class; nil where all blocks share one.
  let embedding: TimeClassEmbedding?

  init(_ p: ParameterPath, _ config: DiTConfig) {
    let (width, heads) = (config.width, config.headCount)
    let isText = config.conditioning == .text
    embedding = isText ? nil : TimeClassEmbedding(p.norm1.emb, width: width, classes: config.classCount + 1)
    // Zero: a block starts as if it were not there (Peebles & Xie 2023, §3.2).
    own = isText ? nil : Linear(p.norm1.linear, width, 6 * width, initializer: .zeros)
    table = isText ? p.scale_shift_table.parameter([6, width], .zeros) : nil
    let affine = config.normElementwiseAffine
    norm1 = ModulatedLayerNorm(
      affine && isText ? p.norm1 : nil, width, epsilon: isText ? config.normEps : 1e-6)
    attention = Attention(p.attn1, width: width, context: width, heads: heads, bias: config.attentionBias)
    textAttention =
      config.crossAttentionDim.map {
        Attention(p.attn2, width: width, context: $0, heads: heads, bias: config.attentionBias)
      }
    norm2 = ModulatedLayerNorm(
      affine ? (isText ? p.norm2 : p.norm3) : nil, width, epsilon: config.normEps)
    feedForward = DiTFeedForward(p.ff, width: width, activation: config.activation)
  }

  /// - Parameters:
  ///   - x: tokens `[B, T, width]`.
  ///   - told: SiLU of the embedding of time and class `[B, width]`, or what all blocks share `[B, 6, width]`.
  ///   - context: the text's states `[B, Tk, crossAttentionDim]`.
  func callAsFunction(_ x: Tensor, told: Tensor, context: Tensor?) -> Tensor {
    let (batch, width) = (x.shape[0], x.shape[2])
    let modulation = Modulation(
      own.map { $0(told).reshaped([batch, 6, width]) }
        ?? told + (table?.tensor.cast(to: x.dtype).reshaped([1, 6, width]) ?? .zeros([1, 6, width], dtype: x.dtype)))
    let first = modulation.attention
    var h = x + attention.alone(norm1(x, scale: first.scale, shift: first.shift)) * first.gate
    if let textAttention, let context { h = textAttention(h, context: context, residual: h) }
    let second = modulation.feedForward
    return h + feedForward(norm2(h, scale: second.scale, shift: second.shift)) * second.gate
  }
}

extension Attention {
  /// Self-attention without a residual, for a result that is gated before it is added.
  func alone(_ x: Tensor) -> Tensor { toOut(Tensor.attention(toQ(x), toK(x), toV(x), heads: heads)) }
}
