import NN
import TensorCore

/// LayerNorm whose scale and shift are told from outside, besides weights of its own where it has some.
struct ModulatedLayerNorm: Sendable {
  private let weight, bias: Parameter?
  private let width: Int
  private let epsilon: Float

  /// - Parameter p: where its own weights are; nil for none.
  init(_ p: ParameterPath?, _ width: Int, epsilon: Float) {
    weight = p?.weight.parameter([width], .ones)
    bias = p?.bias.parameter([width], .zeros)
    (self.width, self.epsilon) = (width, epsilon)
  }

  /// `norm(x) · (1 + scale) + shift` of tokens `[B, T, C]`; scale and shift `[B, 1, C]`.
  func callAsFunction(_ x: Tensor, scale: Tensor, shift: Tensor) -> Tensor {
    let gamma = weight?.tensor ?? Tensor(repeating: 1, shape: [width])
    let beta = bias?.tensor ?? .zeros([width])
    return x.layerNorm(gamma: gamma, beta: beta, epsilon: epsilon) * (scale + 1) + shift
  }
}

/// What a block's two halves are told, `[B, 1, C]` each: shift, scale and gate of attention, then of the feed-forward network.
struct Modulation {
  let attention, feedForward: (shift: Tensor, scale: Tensor, gate: Tensor)

  /// - Parameter all: `[B, 6, C]`.
  init(_ all: Tensor) {
    let parts = all.split(axis: 1, [1, 1, 1, 1, 1, 1])
    attention = (parts[0], parts[1], parts[2])
    feedForward = (parts[3], parts[4], parts[5])
  }
}

/// The time as a vector, and the class's added to it (diffusers' `CombinedTimestepLabelEmbeddings`).
struct TimeClassEmbedding: Sendable {
  let time: TimestepEmbedding
  let classes: Embedding?
  private let shift: Float
  /// Of the sinusoids.
  private static let sinusoidWidth = 256

  /// - Parameter classes: rows of the table; nil for a network that is told none.
  init(_ p: ParameterPath, width: Int, classes: Int?) {
    time = TimestepEmbedding(p.timestep_embedder, Self.sinusoidWidth, width)
    self.classes = classes.map {
      Embedding(p.class_embedder.embedding_table, count: $0, width: width, initializer: .normal(deviation: 0.02))
    }
    // The two classes of diffusers space their frequencies a little differently.
    shift = classes == nil ? 0 : 1
  }

  /// - Returns: `[B, width]`.
  func callAsFunction(_ timesteps: [Float], classes ids: [Int]?, dtype: DType) -> Tensor {
    let device = time.linear1.weight.value.device
    let sinusoids = Sinusoids.embed(
      timesteps, width: Self.sinusoidWidth, cosineFirst: true, shift: shift, device: device)
    let embedded = time(sinusoids.cast(to: dtype))
    guard let classes, let ids else { return embedded }
    return embedded + classes(Tensor(ids.map(Int32.init), shape: [ids.count], device: device)).cast(to: dtype)
  }
}
