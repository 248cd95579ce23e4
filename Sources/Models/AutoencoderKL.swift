import Configurations
import NN
import TensorCore

/// The configuration of `AutoencoderKL`: diffusers' `vae/config.json`.
public struct AutoencoderKLConfig: Codable, Sendable, Equatable {
  public var inChannels = 3
  public var outChannels = 3
  public var latentChannels = 4
  public var blockOutChannels = [128, 256, 512, 512]
  public var layersPerBlock = 2
  public var normNumGroups = 32
  public var sampleSize = 512
  /// Latents are multiplied by this before diffusion.
  public var scalingFactor: Float = 0.18215
  /// Subtracted before scaling.
  public var shiftFactor: Float?
  /// Mean and deviation of each channel of the latents, which diffusion is freed of; both or none.
  public var latentsMean, latentsStd: [Float]?
  public var midBlockAddAttention = true
  public var useQuantConv = true
  public var usePostQuantConv = true

  enum CodingKeys: String, CodingKey {
    case inChannels = "in_channels"
    case outChannels = "out_channels"
    case latentChannels = "latent_channels"
    case blockOutChannels = "block_out_channels"
    case layersPerBlock = "layers_per_block"
    case normNumGroups = "norm_num_groups"
    case sampleSize = "sample_size"
    case scalingFactor = "scaling_factor"
    case shiftFactor = "shift_factor"
    case latentsMean = "latents_mean"
    case latentsStd = "latents_std"
    case midBlockAddAttention = "mid_block_add_attention"
    case useQuantConv = "use_quant_conv"
    case usePostQuantConv = "use_post_quant_conv"
  }

  public init() {}

  public init(from decoder: any Decoder) throws {
    self.init()
    let c = try decoder.container(keyedBy: CodingKeys.self)
    try c.read(.inChannels, into: &inChannels)
    try c.read(.outChannels, into: &outChannels)
    try c.read(.latentChannels, into: &latentChannels)
    try c.read(.blockOutChannels, into: &blockOutChannels)
    try c.read(.layersPerBlock, into: &layersPerBlock)
    try c.read(.normNumGroups, into: &normNumGroups)
    try c.read(.sampleSize, into: &sampleSize)
    try c.read(.scalingFactor, into: &scalingFactor)
    shiftFactor = try c.decodeIfPresent(Float.self, forKey: .shiftFactor)
    latentsMean = try c.decodeIfPresent([Float].self, forKey: .latentsMean)
    latentsStd = try c.decodeIfPresent([Float].self, forKey: .latentsStd)
    try c.read(.midBlockAddAttention, into: &midBlockAddAttention)
    try c.read(.useQuantConv, into: &useQuantConv)
    try c.read(.usePostQuantConv, into: &usePostQuantConv)
    try ConfigurationError.check(decoder, "AutoencoderKL", Self.settings)
    try validate()
    let blocks = try decoder.container(keyedBy: BlockKeys.self)
    for key in [BlockKeys.down, .up] {
      let count = try blocks.decodeIfPresent([String].self, forKey: key)?.count ?? blockOutChannels.count
      try ConfigurationError.require(
        count == blockOutChannels.count, "AutoencoderKL", key.rawValue,
        "must name a block for each of \(blockOutChannels.count) levels")
    }
  }

  private enum BlockKeys: String, CodingKey {
    case down = "down_block_types"
    case up = "up_block_types"
  }

  /// Writes the kinds of the blocks too, of which there is one; diffusers takes a single block without them.
  public func encode(to encoder: any Encoder) throws {
    var c = encoder.container(keyedBy: CodingKeys.self)
    try c.encode(inChannels, forKey: .inChannels)
    try c.encode(outChannels, forKey: .outChannels)
    try c.encode(latentChannels, forKey: .latentChannels)
    try c.encode(blockOutChannels, forKey: .blockOutChannels)
    try c.encode(layersPerBlock, forKey: .layersPerBlock)
    try c.encode(normNumGroups, forKey: .normNumGroups)
    try c.encode(sampleSize, forKey: .sampleSize)
    try c.encode(scalingFactor, forKey: .scalingFactor)
    try c.encodeIfPresent(shiftFactor, forKey: .shiftFactor)
    try c.encodeIfPresent(latentsMean, forKey: .latentsMean)
    try c.encodeIfPresent(latentsStd, forKey: .latentsStd)
    try c.encode(midBlockAddAttention, forKey: .midBlockAddAttention)
    try c.encode(useQuantConv, forKey: .useQuantConv)
    try c.encode(usePostQuantConv, forKey: .usePostQuantConv)
    var blocks = encoder.container(keyedBy: BlockKeys.self)
    try blocks.encode(blockOutChannels.map { _ in "DownEncoderBlock2D" }, forKey: .down)
    try blocks.encode(blockOutChannels.map { _ in "UpDecoderBlock2D" }, forKey: .up)
  }

  /// Checks everything construction relies on.
  public func validate() throws(ConfigurationError) {
    try checkBounds()
    try ConfigurationError.require(
      !blockOutChannels.isEmpty && normNumGroups > 0
        && blockOutChannels.allSatisfy { $0 > 0 && $0 % normNumGroups == 0 },
      "AutoencoderKL", CodingKeys.blockOutChannels.rawValue,
      "must be multiples of norm_num_groups \(normNumGroups)")
    try ConfigurationError.require(
      layersPerBlock > 0 && latentChannels > 0 && inChannels > 0 && outChannels > 0, "AutoencoderKL",
      CodingKeys.layersPerBlock.rawValue, "and the channel counts must be positive")
    try ConfigurationError.require(
      scalingFactor.isFinite && abs(scalingFactor) > 1e-20, "AutoencoderKL", CodingKeys.scalingFactor.rawValue,
      "\(scalingFactor) must not be zero")
    try ConfigurationError.require(
      shiftFactor?.isFinite ?? true, "AutoencoderKL", CodingKeys.shiftFactor.rawValue, "must be a number")
    try ConfigurationError.require(
      blockOutChannels.count <= 8, "AutoencoderKL", CodingKeys.blockOutChannels.rawValue, "has more than 8 levels")
    try validateStatistics()
  }

  private func validateStatistics() throws(ConfigurationError) {
    func isComplete(_ values: [Float]) -> Bool { values.count == latentChannels && values.allSatisfy(\.isFinite) }
    let (mean, deviation) = (CodingKeys.latentsMean.rawValue, CodingKeys.latentsStd.rawValue)
    try ConfigurationError.require(
      (latentsMean == nil) == (latentsStd == nil), "AutoencoderKL", latentsMean == nil ? deviation : mean,
      "needs \(latentsMean == nil ? mean : deviation) beside it")
    try ConfigurationError.require(
      latentsMean.map(isComplete) ?? true, "AutoencoderKL", mean, "must be \(latentChannels) numbers")
    try ConfigurationError.require(
      latentsStd.map { isComplete($0) && $0.allSatisfy { $0 > 0 } } ?? true, "AutoencoderKL", deviation,
      "must be \(latentChannels) numbers above 0")
  }
}

/// What the encoder says about a picture: mean and logarithm of the variance of each latent, `[B, h, w, C]`.
public struct LatentDistribution: Sendable {
  public let mean, logVariance: Tensor

  /// `mean + exp(logVariance / 2) · noise`.
  public func sample(noise: Tensor) -> Tensor {
    mean + (logVariance * 0.5).applying(.exp) * noise
  }

  /// Divergence from the unit Gaussian, one number a picture: `½ Σ (μ² + σ² − 1 − log σ²)` (Kingma & Welling 2014, B).
  public var divergence: Tensor {
    let terms = (mean.squared + logVariance.applying(.exp)) - logVariance - 1
    return terms.sum(axes: [1, 2, 3], scale: 0.5)
  }
}

/// The autoencoder of Stable Diffusion: pictures in ±1 to latents an eighth of the size, and back.
public struct AutoencoderKL: Sendable {
  public let config: AutoencoderKLConfig
  let encoder: Encoder
  let decoder: Decoder
  let quantConv, postQuantConv: Conv2d?

  public init(_ p: ParameterPath, _ config: AutoencoderKLConfig) {
    self.config = config
    encoder = Encoder(p.encoder, config)
    decoder = Decoder(p.decoder, config)
    let z = config.latentChannels
    quantConv =
      config.useQuantConv
      ? Conv2d(p.quant_conv, 2 * z, 2 * z, kernel: 1, padding: Padding(0)) : nil
    postQuantConv =
      config.usePostQuantConv
      ? Conv2d(p.post_quant_conv, z, z, kernel: 1, padding: Padding(0)) : nil
  }

  /// How many pixels a latent is wide.
  public var downscale: Int { 1 << (config.blockOutChannels.count - 1) }

  /// `[B, H, W, 3]` in ±1 to the distribution of its latents; the statistics are float32.
  public func encode(_ image: Tensor) -> LatentDistribution {
    distribution(encoder(image))
  }

  /// The encoder's output, split into what it means.
  func distribution(_ output: Tensor) -> LatentDistribution {
    var h = output
    if let quantConv { h = quantConv(h) }
    let parts = h.cast(to: .f32).split(
      axis: 3, [config.latentChannels, config.latentChannels])
    return LatentDistribution(mean: parts[0], logVariance: parts[1].clamped(-30, 20))
  }

  /// Unscaled latents `[B, h, w, C]` to pictures `[B, H, W, 3]` in about ±1.
  public func decode(_ latents: Tensor) -> Tensor {
    decoder(postQuantConv.map { $0(latents) } ?? latents)
  }
}

extension AutoencoderKL {
  /// Two residual blocks with attention over all pixels between them.
  struct MidBlock: Sendable {
    let resnets: [ResnetBlock2D]
    let attention: ImageAttention?

    init(_ p: ParameterPath, _ channels: Int, _ config: AutoencoderKLConfig) {
      resnets = (0..<2).map { ResnetBlock2D(p.resnets[$0], channels, channels, config) }
      attention =
        config.midBlockAddAttention
        ? ImageAttention(
          p.attentions[0], channels: channels, heads: 1, groups: config.normNumGroups, epsilon: 1e-6)
        : nil
    }

    func callAsFunction(_ x: Tensor) -> Tensor {
      var h = resnets[0](x, time: nil)
      if let attention { h = attention(h) }
      return resnets[1](h, time: nil)
    }
  }

  struct Encoder: Sendable {
    let convIn, convOut: Conv2d
    let levels: [(resnets: [ResnetBlock2D], downsampler: Downsample2D?)]
    let mid: MidBlock
    let normOut: GroupNorm

    init(_ p: ParameterPath, _ config: AutoencoderKLConfig) {
      let channels = config.blockOutChannels
      let last = channels.count - 1
      convIn = Conv2d(p.conv_in, config.inChannels, channels[0])
      levels = channels.indices.map { level in
        let path = p.down_blocks[level]
        let resnets = (0..<config.layersPerBlock).map {
          ResnetBlock2D(
            path.resnets[$0], $0 == 0 ? channels[max(level - 1, 0)] : channels[level],
            channels[level], config)
        }
        let padding = Padding.downsampling(0)
        return (
          resnets,
          level < last
            ? Downsample2D(path.downsamplers[0], channels[level], padding: padding) : nil
        )
      }
      mid = MidBlock(p.mid_block, channels[last], config)
      normOut = GroupNorm(
        p.conv_norm_out, channels: channels[last], groups: config.normNumGroups, epsilon: 1e-6)
      convOut = Conv2d(p.conv_out, channels[last], 2 * config.latentChannels)
    }

    func callAsFunction(_ x: Tensor) -> Tensor {
      var h = convIn(x)
      for (resnets, downsampler) in levels {
        for resnet in resnets { h = resnet(h, time: nil) }
        if let downsampler { h = downsampler(h) }
      }
      return convOut(normOut(mid(h), silu: true))
    }
  }

  struct Decoder: Sendable {
    let convIn, convOut: Conv2d
    let mid: MidBlock
    let levels: [(resnets: [ResnetBlock2D], upsampler: Upsample2D?)]
    let normOut: GroupNorm

    init(_ p: ParameterPath, _ config: AutoencoderKLConfig) {
      let channels = Array(config.blockOutChannels.reversed())
      convIn = Conv2d(p.conv_in, config.latentChannels, channels[0])
      mid = MidBlock(p.mid_block, channels[0], config)
      levels = channels.indices.map { level in
        let path = p.up_blocks[level]
        let resnets = (0...config.layersPerBlock).map {
          ResnetBlock2D(
            path.resnets[$0], $0 == 0 ? channels[max(level - 1, 0)] : channels[level],
            channels[level], config)
        }
        return (
          resnets,
          level < channels.count - 1 ? Upsample2D(path.upsamplers[0], channels[level]) : nil
        )
      }
      let width = channels[channels.count - 1]
      normOut = GroupNorm(
        p.conv_norm_out, channels: width, groups: config.normNumGroups, epsilon: 1e-6)
      convOut = Conv2d(p.conv_out, width, config.outChannels)
    }

    func callAsFunction(_ z: Tensor) -> Tensor {
      var h = mid(convIn(z))
      for (resnets, upsampler) in levels {
        for resnet in resnets { h = resnet(h, time: nil) }
        if let upsampler { h = upsampler(h) }
      }
      return convOut(normOut(h, silu: true))
    }
  }
}

extension ResnetBlock2D {
  /// A residual block of an autoencoder.
  fileprivate init(_ p: ParameterPath, _ inputs: Int, _ outputs: Int, _ config: AutoencoderKLConfig) {
    self.init(
      p, inputs, outputs, timeWidth: nil, groups: config.normNumGroups, epsilon: 1e-6)
  }
}
