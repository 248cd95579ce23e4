import NN
import TensorCore

/// A denoising transformer on patches (DiT; Peebles & Xie 2023): told classes, or a text as PixArt is (Chen et al. 2023).
public struct DiTTransformer2DModel: Sendable {
  public let config: DiTConfig
  private let patches: PatchEmbedding
  private let blocks: [DiTBlock]
  private let end: DiTEnd
  /// The embedding of time all blocks share; nil where each has its own.
  private let shared: (embedding: TimeClassEmbedding, modulation: Linear)?
  private let caption: (first: Linear, second: Linear)?

  public init(_ p: ParameterPath, _ config: DiTConfig) {
    self.config = config
    let width = config.width
    patches = PatchEmbedding(p.pos_embed, config)
    blocks = (0..<config.layerCount).map { DiTBlock(p.transformer_blocks[$0], config) }
    end = DiTEnd(p, config)
    let isText = config.conditioning == .text
    shared =
      isText
      ? (
        TimeClassEmbedding(p.adaln_single.emb, width: width, classes: nil),
        Linear(p.adaln_single.linear, width, 6 * width, initializer: .zeros)
      ) : nil
    caption = config.captionChannels.map {
      (
        Linear(p.caption_projection.linear_1, $0, width, initializer: .glorot($0, width)),
        Linear(p.caption_projection.linear_2, width, width, initializer: .glorot(width, width))
      )
    }
  }

  /// The class that stands for none, which guidance measures from; nil for a network that is told texts.
  public var noClass: Int? { config.conditioning == .classes ? config.classCount : nil }

  /// Predicts what a noisy sample is told from: noise, velocity or the clean sample.
  /// - Parameters:
  ///   - sample: `[B, H, W, inChannels]`, sides multiples of the patch's; its type decides the arithmetic.
  ///   - timesteps: one a row, may be fractional.
  ///   - classes: one a row, `noClass` among them, for a network that is told classes.
  ///   - text: states `[B, T, contextWidth]` for a network that is told texts.
  /// - Returns: `[B, H, W, outputs]`.
  public func callAsFunction(
    _ sample: Tensor, timesteps: [Float], classes: [Int]? = nil, text: Tensor? = nil
  ) -> Tensor {
    let (batch, height, width) = (sample.shape[0], sample.shape[1], sample.shape[2])
    let isText = config.conditioning == .text
    precondition(
      timesteps.count == batch && (isText ? text?.shape[0] : classes?.count) == batch,
      "\(timesteps.count) timesteps, \(classes?.count ?? 0) classes and texts \(text?.shape ?? []) for \(sample.shape)")
    precondition(
      height % config.patchSize == 0 && width % config.patchSize == 0,
      "patches of \(config.patchSize) for \(sample.shape)")
    let dtype = sample.dtype
    let context = caption.map { layers in
      text.map { layers.second(layers.first($0.cast(to: dtype)).applying(.geluTanh)) }
    } ?? text?.cast(to: dtype)
    let embedded = shared?.embedding(timesteps, classes: nil, dtype: dtype)
    let common = embedded.flatMap { time in
      shared.map { $0.modulation(time.silu).reshaped([batch, 6, config.width]) }
    }
    var h = patches(sample)
    for block in blocks {
      let told = common ?? block.embedding?(timesteps, classes: classes, dtype: dtype).silu
      guard let told else { continue }
      h = Recomputation.block([h, told] + (context.map { [$0] } ?? [])) {
        block($0[0], told: $0[1], context: $0.count > 2 ? $0[2] : nil)
      }
    }
    // The network's end is told what the first block is.
    let last = embedded ?? blocks[0].embedding?(timesteps, classes: classes, dtype: dtype)
    guard let last else { return patches.unpatched(h, height: height, width: width) }
    return patches.unpatched(end(h, told: last), height: height, width: width)
  }
}

/// The end of the network: a scaled and shifted LayerNorm, and a layer to the values of each patch.
struct DiTEnd: Sendable {
  private let norm: ModulatedLayerNorm
  /// Time and class to shift and scale; nil where a table is added to the time itself.
  private let modulation: Linear?
  private let table: Parameter?
  private let projection: Linear

  init(_ p: ParameterPath, _ config: DiTConfig) {
    let width = config.width
    let isText = config.conditioning == .text
    norm = ModulatedLayerNorm(nil, width, epsilon: 1e-6)
    modulation = isText ? nil : Linear(p.proj_out_1, width, 2 * width, initializer: .zeros)
    table = isText ? p.scale_shift_table.parameter([2, width], .zeros) : nil
    projection = Linear(
      isText ? p.proj_out : p.proj_out_2, width, config.patchSize * config.patchSize * config.outputs,
      initializer: .zeros)
  }

  /// - Parameters:
  ///   - x: tokens `[B, T, width]`.
  ///   - told: the embedding of time and class `[B, width]`.
  /// - Returns: `[B, T, patch² · outputs]`.
  func callAsFunction(_ x: Tensor, told: Tensor) -> Tensor {
    let (batch, width) = (x.shape[0], x.shape[2])
    let both =
      modulation.map { $0(told.silu).reshaped([batch, 2, width]) }
      ?? told.reshaped([batch, 1, width])
      + (table?.tensor.cast(to: x.dtype).reshaped([1, 2, width]) ?? .zeros([1, 2, width], dtype: x.dtype))
    let parts = both.split(axis: 1, [1, 1])
    return projection(norm(x, scale: parts[1], shift: parts[0]))
  }
}
