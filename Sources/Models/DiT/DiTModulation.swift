import NN
import TensorCore

/// The time as a vector, and the class's added to it (diffusers' `CombinedTimestepLabelEmbeddings`).
struct TimeClassEmbedding: Sendable {
  private let time: TimestepEmbedding
  private let classes: Embedding?
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
    let device = time.device
    let sinusoids = Sinusoids.embed(
      timesteps, width: Self.sinusoidWidth, cosineFirst: true, shift: shift, device: device)
    let embedded = time(sinusoids.cast(to: dtype))
    guard let classes, let ids else { return embedded }
    return embedded + classes(Tensor(ids.map(Int32.init), shape: [ids.count], device: device)).cast(to: dtype)
  }
}

/// From time and class to what every block is scaled, shifted and gated by.
enum DiTModulation: Sendable {
  /// Every block has an embedding and a layer of its own; the network's end has a layer that reads the first block's
  /// embedding (adaLN-zero).
  case own(blocks: [(embedding: TimeClassEmbedding, layer: Linear)], end: Linear)
  /// One embedding and one layer for all blocks, to which each block adds a table, and so does the end (adaLN-single).
  case shared(TimeClassEmbedding, layer: Linear, tables: [Parameter], end: Parameter)

  /// - Parameter p: the network's root. Layers and tables start at zero, so that no block does anything yet (Peebles & Xie
  ///   2023, §3.2).
  init(_ p: ParameterPath, _ config: DiTConfig) {
    let width = config.width
    let blocks = (0..<config.layerCount).map { p.transformer_blocks[$0] }
    switch config.conditioning {
    case .classes:
      self = .own(
        blocks: blocks.map {
          (
            TimeClassEmbedding($0.norm1.emb, width: width, classes: config.classCount + 1),
            Linear($0.norm1.linear, width, 6 * width, initializer: .zeros)
          )
        }, end: Linear(p.proj_out_1, width, 2 * width, initializer: .zeros))
    case .text:
      self = .shared(
        TimeClassEmbedding(p.adaln_single.emb, width: width, classes: nil),
        layer: Linear(p.adaln_single.linear, width, 6 * width, initializer: .zeros),
        tables: blocks.map { $0.scale_shift_table.parameter([6, width], .zeros) },
        end: p.scale_shift_table.parameter([2, width], .zeros))
    }
  }

  /// - Parameters:
  ///   - timesteps: one a row.
  ///   - classes: one a row, for networks that are told classes.
  /// - Returns: for each block shift, scale and gate of attention, then of the feed-forward network, `[B, 6, width]`; for the
  ///   network's end shift and scale, `[B, 2, width]`.
  func callAsFunction(_ timesteps: [Float], classes: [Int]?, dtype: DType) -> (blocks: [Tensor], end: Tensor) {
    let batch = timesteps.count
    switch self {
    case .own(let blocks, let end):
      let told = blocks.map { $0.embedding(timesteps, classes: classes, dtype: dtype).silu }
      let modulations = zip(blocks, told).map { $0.layer($1).reshaped([batch, 6, -1]) }
      return (modulations, end(told[0]).reshaped([batch, 2, -1]))
    case .shared(let embedding, let layer, let tables, let end):
      let told = embedding(timesteps, classes: nil, dtype: dtype)
      func with(_ table: Parameter, _ all: Tensor) -> Tensor {
        all + table.tensor.cast(to: dtype).reshaped([1] + table.shape)
      }
      let common = layer(told.silu).reshaped([batch, 6, -1])
      return (tables.map { with($0, common) }, with(end, told.reshaped([batch, 1, -1])))
    }
  }
}

/// LayerNorm that is scaled and shifted from outside, besides weights of its own where it has some.
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

  /// `norm(x) · (1 + scale) + shift` of tokens `[B, T, C]`; shift and scale `[B, 1, C]`.
  func callAsFunction(_ x: Tensor, shift: Tensor, scale: Tensor) -> Tensor {
    let gamma = weight?.tensor ?? Tensor(repeating: 1, shape: [width], device: x.device)
    let beta = bias?.tensor ?? .zeros([width], device: x.device)
    return x.layerNorm(gamma: gamma, beta: beta, epsilon: epsilon) * (scale + 1) + shift
  }
}
