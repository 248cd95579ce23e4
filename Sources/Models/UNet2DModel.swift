import NN
import TensorCore

/// The configuration of `UNet2DModel`: diffusers' `unet/config.json` of an unconditional pipeline.
public struct UNet2DConfig: Codable, Sendable, Equatable {
  public var sampleSize = 32
  public var inChannels = 3
  public var outChannels = 3
  public var blockOutChannels = [224, 448, 672, 896]
  public var downBlockTypes = [
    "DownBlock2D", "AttnDownBlock2D", "AttnDownBlock2D", "AttnDownBlock2D",
  ]
  public var upBlockTypes = ["AttnUpBlock2D", "AttnUpBlock2D", "AttnUpBlock2D", "UpBlock2D"]
  public var layersPerBlock = 2
  /// Channels of one head (here the name means what it says); nil for one head.
  public var attentionHeadDim: Int? = 8
  public var normNumGroups = 32
  public var normEps: Float = 1e-5
  public var flipSinToCos = true
  public var freqShift: Float = 0
  /// Whether samples in 0 ... 1 are brought to ±1 first.
  public var centerInputSample = false
  /// What sums in the middle are divided by.
  public var midBlockScaleFactor: Float = 1
  /// Pixels on all sides before a downsampler; 0 means one pixel right and bottom.
  public var downsamplePadding = 1
  /// Width of the time embedding; nil for four times the first level's channels.
  public var timeEmbeddingDim: Int?

  enum CodingKeys: String, CodingKey {
    case sampleSize = "sample_size"
    case inChannels = "in_channels"
    case outChannels = "out_channels"
    case blockOutChannels = "block_out_channels"
    case downBlockTypes = "down_block_types"
    case upBlockTypes = "up_block_types"
    case layersPerBlock = "layers_per_block"
    case attentionHeadDim = "attention_head_dim"
    case normNumGroups = "norm_num_groups"
    case normEps = "norm_eps"
    case flipSinToCos = "flip_sin_to_cos"
    case freqShift = "freq_shift"
    case centerInputSample = "center_input_sample"
    case midBlockScaleFactor = "mid_block_scale_factor"
    case downsamplePadding = "downsample_padding"
    case timeEmbeddingDim = "time_embedding_dim"
  }

  public init() {}

  public init(from decoder: any Decoder) throws {
    self.init()
    let c = try decoder.container(keyedBy: CodingKeys.self)
    sampleSize = try c.decodeIfPresent(Int.self, forKey: .sampleSize) ?? sampleSize
    inChannels = try c.decodeIfPresent(Int.self, forKey: .inChannels) ?? inChannels
    outChannels = try c.decodeIfPresent(Int.self, forKey: .outChannels) ?? outChannels
    blockOutChannels =
      try c.decodeIfPresent([Int].self, forKey: .blockOutChannels) ?? blockOutChannels
    downBlockTypes =
      try c.decodeIfPresent([String].self, forKey: .downBlockTypes) ?? downBlockTypes
    upBlockTypes = try c.decodeIfPresent([String].self, forKey: .upBlockTypes) ?? upBlockTypes
    layersPerBlock = try c.decodeIfPresent(Int.self, forKey: .layersPerBlock) ?? layersPerBlock
    if c.contains(.attentionHeadDim) { attentionHeadDim = try c.decodeIfPresent(Int.self, forKey: .attentionHeadDim) }
    normNumGroups = try c.decodeIfPresent(Int.self, forKey: .normNumGroups) ?? normNumGroups
    normEps = try c.decodeIfPresent(Float.self, forKey: .normEps) ?? normEps
    flipSinToCos = try c.decodeIfPresent(Bool.self, forKey: .flipSinToCos) ?? flipSinToCos
    freqShift = try c.decodeIfPresent(Float.self, forKey: .freqShift) ?? freqShift
    centerInputSample = try c.decodeIfPresent(Bool.self, forKey: .centerInputSample) ?? centerInputSample
    midBlockScaleFactor = try c.decodeIfPresent(Float.self, forKey: .midBlockScaleFactor) ?? midBlockScaleFactor
    downsamplePadding = try c.decodeIfPresent(Int.self, forKey: .downsamplePadding) ?? downsamplePadding
    timeEmbeddingDim = try c.decodeIfPresent(Int.self, forKey: .timeEmbeddingDim)
    try ConfigurationError.check(decoder, "UNet2DModel", Self.settings)
    try validate()
  }

  public func encode(to encoder: any Encoder) throws {
    var c = encoder.container(keyedBy: CodingKeys.self)
    try c.encode(sampleSize, forKey: .sampleSize)
    try c.encode(inChannels, forKey: .inChannels)
    try c.encode(outChannels, forKey: .outChannels)
    try c.encode(blockOutChannels, forKey: .blockOutChannels)
    try c.encode(downBlockTypes, forKey: .downBlockTypes)
    try c.encode(upBlockTypes, forKey: .upBlockTypes)
    try c.encode(layersPerBlock, forKey: .layersPerBlock)
    // Null, and not left out, says that there is one head.
    try c.encode(attentionHeadDim, forKey: .attentionHeadDim)
    try c.encode(normNumGroups, forKey: .normNumGroups)
    try c.encode(normEps, forKey: .normEps)
    try c.encode(flipSinToCos, forKey: .flipSinToCos)
    try c.encode(freqShift, forKey: .freqShift)
    let usual = UNet2DConfig()
    if centerInputSample { try c.encode(true, forKey: .centerInputSample) }
    if midBlockScaleFactor != usual.midBlockScaleFactor {
      try c.encode(midBlockScaleFactor, forKey: .midBlockScaleFactor)
    }
    if downsamplePadding != usual.downsamplePadding { try c.encode(downsamplePadding, forKey: .downsamplePadding) }
    try c.encodeIfPresent(timeEmbeddingDim, forKey: .timeEmbeddingDim)
  }

  /// Checks everything construction relies on.
  public func validate() throws(ConfigurationError) {
    try checkBounds()
    let levels = blockOutChannels.count
    func require(_ condition: Bool, _ key: CodingKeys, _ reason: String) throws(ConfigurationError) {
      try ConfigurationError.require(condition, "UNet2DModel", key.rawValue, reason)
    }
    try require(
      levels > 0 && normNumGroups > 0 && attentionHeadDim ?? 1 > 0
        && blockOutChannels.allSatisfy {
          $0 > 0 && $0 % normNumGroups == 0 && $0 % (attentionHeadDim ?? 1) == 0
        },
      .blockOutChannels,
      "must be multiples of norm_num_groups \(normNumGroups) and attention_head_dim "
        + (attentionHeadDim.map { "\($0)" } ?? "null"))
    try require(
      blockOutChannels[0] % 2 == 0 && freqShift < Float(blockOutChannels[0] / 2) && freqShift > -1e6, .freqShift,
      "\(freqShift) does not go with \(blockOutChannels[0]) channels of the first level, which must be even")
    try require((0..<1).contains(normEps), .normEps, "\(normEps) must be 0 to 1")
    try require((1...8192).contains(sampleSize), .sampleSize, "\(sampleSize) must be 1 to 8192")
    try require(inChannels > 0 && outChannels > 0, .inChannels, "must be positive")
    try require((0...1).contains(downsamplePadding), .downsamplePadding, "\(downsamplePadding) must be 0 or 1")
    try require(
      midBlockScaleFactor.isFinite && midBlockScaleFactor > 0, .midBlockScaleFactor,
      "\(midBlockScaleFactor) must be positive")
    try require(timeEmbeddingDim ?? 1 > 0, .timeEmbeddingDim, "must be positive")
    try require(
      downBlockTypes.count == levels
        && downBlockTypes.allSatisfy { ["DownBlock2D", "AttnDownBlock2D"].contains($0) },
      .downBlockTypes, "must name DownBlock2D or AttnDownBlock2D for each of \(levels) levels")
    try require(
      upBlockTypes.count == levels
        && upBlockTypes.allSatisfy { ["UpBlock2D", "AttnUpBlock2D"].contains($0) },
      .upBlockTypes, "must name UpBlock2D or AttnUpBlock2D for each of \(levels) levels")
    try require(layersPerBlock > 0, .layersPerBlock, "must be positive")
  }
}

/// An unconditional denoising network on pixels (Ho et al. 2020).
public struct UNet2DModel: Sendable {
  public let config: UNet2DConfig
  let timeEmbedding: TimestepEmbedding
  let convIn, convOut: Conv2d
  let downBlocks: [UNetDownBlock]
  let midBlock: UNetMidBlock
  let upBlocks: [UNetUpBlock]
  let convNormOut: GroupNorm

  public init(_ p: ParameterPath, _ config: UNet2DConfig) {
    self.config = config
    let channels = config.blockOutChannels
    let last = channels.count - 1
    let timeWidth = config.timeEmbeddingDim ?? channels[0] * 4
    let style = UNetBlockStyle(
      timeWidth: timeWidth, groups: config.normNumGroups, epsilon: config.normEps,
      padding: .downsampling(config.downsamplePadding), midScale: config.midBlockScaleFactor)
    let attention = MixerKind.attention(headWidth: config.attentionHeadDim)
    timeEmbedding = TimestepEmbedding(p.time_embedding, channels[0], timeWidth)
    convIn = Conv2d(p.conv_in, config.inChannels, channels[0])
    downBlocks = channels.indices.map { level in
      UNetDownBlock(
        p.down_blocks[level], inputs: channels[max(level - 1, 0)], outputs: channels[level],
        layers: config.layersPerBlock,
        mixer: config.downBlockTypes[level].hasPrefix("Attn") ? attention : nil,
        downsample: level < last, style)
    }
    midBlock = UNetMidBlock(p.mid_block, channels: channels[last], mixer: attention, style)
    upBlocks = channels.indices.map { i in
      let level = last - i
      return UNetUpBlock(
        p.up_blocks[i], previous: channels[min(level + 1, last)], outputs: channels[level],
        skipsEnd: channels[max(level - 1, 0)], layers: config.layersPerBlock + 1,
        mixer: config.upBlockTypes[i].hasPrefix("Attn") ? attention : nil, upsample: level > 0, style)
    }
    convNormOut = GroupNorm(
      p.conv_norm_out, channels: channels[0], groups: config.normNumGroups, epsilon: config.normEps)
    convOut = Conv2d(p.conv_out, channels[0], config.outChannels)
  }

  /// Predicts the noise in a noisy picture `[B, H, W, inChannels]`; `timesteps` one a row.
  public func callAsFunction(_ sample: Tensor, timesteps: [Float]) -> Tensor {
    precondition(timesteps.count == sample.shape[0], "\(timesteps.count) timesteps for \(sample.shape)")
    let sinusoids = Sinusoids.embed(
      timesteps, width: config.blockOutChannels[0], cosineFirst: config.flipSinToCos,
      shift: config.freqShift)
    let time = timeEmbedding(sinusoids.cast(to: sample.dtype)).silu
    var h = convIn(config.centerInputSample ? sample.scaled(by: 2, plus: -1) : sample)
    var skips = [h]
    for block in downBlocks { h = block(h, time: time, context: nil, skips: &skips) }
    h = midBlock(h, time: time, context: nil)
    for block in upBlocks { h = block(h, time: time, context: nil, skips: &skips) }
    return convOut(convNormOut(h, silu: true))
  }
}
