import Configurations

/// The configuration of `EncoderUNet2DModel`: the names are those of diffusers' `UNet2DModel`, whose way down it is.
public struct EncoderUNet2DConfig: Codable, Sendable, Equatable {
  /// Side of the samples it was trained on; it takes others.
  public var sampleSize = 32
  public var inChannels = 3
  public var blockOutChannels = [32, 64, 64]
  public var downBlockTypes = ["DownBlock2D", "DownBlock2D", "AttnDownBlock2D"]
  public var layersPerBlock = 1
  /// Channels of one head.
  public var attentionHeadDim = 16
  public var normNumGroups = 8
  /// Numbers that come out: classes, or the width of the space pictures and texts share.
  public var projectionDim = 10

  enum CodingKeys: String, CodingKey {
    case sampleSize = "sample_size"
    case inChannels = "in_channels"
    case blockOutChannels = "block_out_channels"
    case downBlockTypes = "down_block_types"
    case layersPerBlock = "layers_per_block"
    case attentionHeadDim = "attention_head_dim"
    case normNumGroups = "norm_num_groups"
    case projectionDim = "projection_dim"
  }

  public init() {}

  public init(from decoder: any Decoder) throws {
    self.init()
    let c = try decoder.container(keyedBy: CodingKeys.self)
    try c.read(.sampleSize, into: &sampleSize)
    try c.read(.inChannels, into: &inChannels)
    try c.read(.blockOutChannels, into: &blockOutChannels)
    try c.read(.downBlockTypes, into: &downBlockTypes)
    try c.read(.layersPerBlock, into: &layersPerBlock)
    try c.read(.attentionHeadDim, into: &attentionHeadDim)
    try c.read(.normNumGroups, into: &normNumGroups)
    try c.read(.projectionDim, into: &projectionDim)
    try ConfigurationError.check(decoder, Self.model, Self.settings)
    try validate()
  }

  private static let model = "EncoderUNet2DModel"
  private static let settings = SettingRules([
    "sample_size": .read, "in_channels": .read, "block_out_channels": .read, "down_block_types": .read,
    "layers_per_block": .read, "attention_head_dim": .read, "norm_num_groups": .read, "projection_dim": .read,
  ])

  /// Checks everything construction relies on.
  public func validate() throws(ConfigurationError) {
    for (value, range, key) in [
      (sampleSize, ConfigurationBounds.pictureSide, CodingKeys.sampleSize),
      (inChannels, ConfigurationBounds.width, .inChannels),
      (layersPerBlock, ConfigurationBounds.depth, .layersPerBlock),
      (attentionHeadDim, ConfigurationBounds.width, .attentionHeadDim),
      (normNumGroups, ConfigurationBounds.width, .normNumGroups),
      (projectionDim, ConfigurationBounds.width, .projectionDim),
    ] {
      try ConfigurationBounds.require(value, in: range, Self.model, key.rawValue)
    }
    try ConfigurationBounds.require(
      blockOutChannels, in: ConfigurationBounds.width, Self.model, CodingKeys.blockOutChannels.rawValue)
    try ConfigurationError.require(
      blockOutChannels.allSatisfy { $0 % normNumGroups == 0 && $0 % attentionHeadDim == 0 }
        && blockOutChannels[0] % 2 == 0,
      Self.model, CodingKeys.blockOutChannels.rawValue,
      "must be even multiples of norm_num_groups \(normNumGroups) and attention_head_dim \(attentionHeadDim)")
    try ConfigurationError.require(
      downBlockTypes.count == blockOutChannels.count
        && downBlockTypes.allSatisfy { ["DownBlock2D", "AttnDownBlock2D"].contains($0) },
      Self.model, CodingKeys.downBlockTypes.rawValue,
      "must name DownBlock2D or AttnDownBlock2D for each of \(blockOutChannels.count) levels")
  }
}
