import Configurations

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
  /// Whether there is attention in the middle; a network without any serves pictures of other sizes than it learnt on.
  public var addAttention = true
  /// Classes the network is told; nil for a network that is told none. One more than there are names for stands for no
  /// class, which makes guidance possible.
  public var classCount: Int?

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
    case addAttention = "add_attention"
    case classCount = "num_class_embeds"
  }

  public init() {}

  public init(from decoder: any Decoder) throws {
    self.init()
    let c = try decoder.container(keyedBy: CodingKeys.self)
    try c.read(.sampleSize, into: &sampleSize)
    try c.read(.inChannels, into: &inChannels)
    try c.read(.outChannels, into: &outChannels)
    try c.read(.blockOutChannels, into: &blockOutChannels)
    try c.read(.downBlockTypes, into: &downBlockTypes)
    try c.read(.upBlockTypes, into: &upBlockTypes)
    try c.read(.layersPerBlock, into: &layersPerBlock)
    try c.read(.attentionHeadDim, orNullInto: &attentionHeadDim)
    try c.read(.normNumGroups, into: &normNumGroups)
    try c.read(.normEps, into: &normEps)
    try c.read(.flipSinToCos, into: &flipSinToCos)
    try c.read(.freqShift, into: &freqShift)
    try c.read(.centerInputSample, into: &centerInputSample)
    try c.read(.midBlockScaleFactor, into: &midBlockScaleFactor)
    try c.read(.downsamplePadding, into: &downsamplePadding)
    timeEmbeddingDim = try c.decodeIfPresent(Int.self, forKey: .timeEmbeddingDim)
    try c.read(.addAttention, into: &addAttention)
    classCount = try c.decodeIfPresent(Int.self, forKey: .classCount)
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
    if !addAttention { try c.encode(false, forKey: .addAttention) }
    try c.encodeIfPresent(classCount, forKey: .classCount)
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
