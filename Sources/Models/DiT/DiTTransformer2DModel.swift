import NN
import TensorCore

/// A denoising transformer on patches (DiT; Peebles & Xie 2023): told classes, or a text as PixArt is (Chen et al. 2023).
public struct DiTTransformer2DModel: Sendable {
  public let config: DiTConfig
  private let patches: PatchEmbedding
  private let modulation: DiTModulation
  private let caption: CaptionProjection?
  private let blocks: [DiTBlock]
  private let normOut: ModulatedLayerNorm
  private let projOut: Linear

  public init(_ p: ParameterPath, _ config: DiTConfig) {
    self.config = config
    let width = config.width
    patches = PatchEmbedding(p.pos_embed, config)
    modulation = DiTModulation(p, config)
    caption = config.captionChannels.map { CaptionProjection(p.caption_projection, $0, width) }
    blocks = (0..<config.layerCount).map { DiTBlock(p.transformer_blocks[$0], config) }
    normOut = ModulatedLayerNorm(nil, width, epsilon: 1e-6)
    projOut = Linear(
      config.conditioning == .text ? p.proj_out : p.proj_out_2, width,
      config.patchSize * config.patchSize * config.outputs, initializer: .zeros)
  }

  /// The class that stands for none, which guidance measures from; nil for a network that is told texts.
  public var noClass: Int? { config.conditioning == .classes ? config.classCount : nil }

  /// Predicts what a clean sample is told from: noise, velocity or the sample itself.
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
    let states = text.map { $0.cast(to: sample.dtype) }
    let context = states.map { caption?($0) ?? $0 }
    let told = modulation(timesteps, classes: classes, dtype: sample.dtype)
    var h = patches(sample)
    for (block, modulation) in zip(blocks, told.blocks) {
      h = Recomputation.block([h, modulation] + (context.map { [$0] } ?? [])) {
        block($0[0], modulation: $0[1], context: $0.count > 2 ? $0[2] : nil)
      }
    }
    let end = told.end.split(axis: 1, [1, 1])
    return patches.unpatched(projOut(normOut(h, shift: end[0], scale: end[1])), height: height, width: width)
  }
}

/// A text's states at the width of a token: Linear, GELU, Linear (diffusers' `PixArtAlphaTextProjection`).
struct CaptionProjection: Sendable {
  private let linear1, linear2: Linear

  init(_ p: ParameterPath, _ inputs: Int, _ width: Int) {
    linear1 = Linear(p.linear_1, inputs, width, initializer: .glorot(inputs, width))
    linear2 = Linear(p.linear_2, width, width, initializer: .glorot(width, width))
  }

  func callAsFunction(_ x: Tensor) -> Tensor { linear2(linear1(x).applying(.geluTanh)) }
}
