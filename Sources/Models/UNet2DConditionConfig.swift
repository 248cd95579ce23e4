import Configurations
import TensorCore

/// The configuration of `UNet2DConditionModel`: diffusers' `unet/config.json`.
public struct UNet2DConditionConfig: Codable, Sendable, Equatable {
  public var sampleSize = 64
  public var inChannels = 4
  public var outChannels = 4
  public var blockOutChannels = [320, 640, 1280, 1280]
  public var downBlockTypes = [
    "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D",
  ]
  public var upBlockTypes = [
    "UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D",
  ]
  public var layersPerBlock = OneOrMany.one(2)
  public var crossAttentionDim = 1280
  /// The number of heads, in spite of its name (diffusers keeps the name for old files).
  public var attentionHeadDim = OneOrMany.one(8)
  public var transformerLayersPerBlock = OneOrMany.one(1)
  public var useLinearProjection = false
  public var normNumGroups = 32
  public var normEps: Float = 1e-5
  public var flipSinToCos = true
  public var freqShift: Float = 0
  /// What is added to the time embedding: nil, `text` (states of the text, pooled) or `text_time` (SDXL).
  public var additionEmbedType: String?
  /// Heads of the attention that pools states of the text.
  public var additionEmbedTypeNumHeads = 64
  public var additionTimeEmbedDim: Int?
  public var projectionClassEmbeddingsInputDim: Int?
  /// How residual blocks take the time in.
  public var resnetTimeScaleShift = TimeConditioning.shift
  /// Whether samples in 0 ... 1 are brought to ±1 first.
  public var centerInputSample = false
  /// What sums of the residual blocks in the middle are divided by.
  public var midBlockScaleFactor: Float = 1
  /// Pixels on all sides before a downsampler; 0 means one pixel right and bottom.
  public var downsamplePadding = 1
  /// Width of the time embedding; nil for four times the first level's channels.
  public var timeEmbeddingDim: Int?
  /// Applied to the time embedding with all that is added to it.
  public var timeEmbeddingActFn = Activation.none
  /// Applied to the time embedding alone.
  public var timestepPostAct = Activation.none

  enum CodingKeys: String, CodingKey {
    case sampleSize = "sample_size"
    case inChannels = "in_channels"
    case outChannels = "out_channels"
    case blockOutChannels = "block_out_channels"
    case downBlockTypes = "down_block_types"
    case upBlockTypes = "up_block_types"
    case layersPerBlock = "layers_per_block"
    case crossAttentionDim = "cross_attention_dim"
    case attentionHeadDim = "attention_head_dim"
    case numAttentionHeads = "num_attention_heads"
    case transformerLayersPerBlock = "transformer_layers_per_block"
    case useLinearProjection = "use_linear_projection"
    case normNumGroups = "norm_num_groups"
    case normEps = "norm_eps"
    case flipSinToCos = "flip_sin_to_cos"
    case freqShift = "freq_shift"
    case additionEmbedType = "addition_embed_type"
    case additionEmbedTypeNumHeads = "addition_embed_type_num_heads"
    case additionTimeEmbedDim = "addition_time_embed_dim"
    case projectionClassEmbeddingsInputDim = "projection_class_embeddings_input_dim"
    case resnetTimeScaleShift = "resnet_time_scale_shift"
    case centerInputSample = "center_input_sample"
    case midBlockScaleFactor = "mid_block_scale_factor"
    case downsamplePadding = "downsample_padding"
    case timeEmbeddingDim = "time_embedding_dim"
    case timeEmbeddingActFn = "time_embedding_act_fn"
    case timestepPostAct = "timestep_post_act"
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
    try c.read(.crossAttentionDim, into: &crossAttentionDim)
    attentionHeadDim =
      try c.decodeIfPresent(OneOrMany.self, forKey: .numAttentionHeads)
      ?? c.decodeIfPresent(OneOrMany.self, forKey: .attentionHeadDim) ?? attentionHeadDim
    transformerLayersPerBlock =
      try c.decodeIfPresent(OneOrMany.self, forKey: .transformerLayersPerBlock)
      ?? transformerLayersPerBlock
    try c.read(.useLinearProjection, into: &useLinearProjection)
    try c.read(.normNumGroups, into: &normNumGroups)
    try c.read(.normEps, into: &normEps)
    try c.read(.flipSinToCos, into: &flipSinToCos)
    try c.read(.freqShift, into: &freqShift)
    additionEmbedType = try c.decodeIfPresent(String.self, forKey: .additionEmbedType)
    try c.read(.additionEmbedTypeNumHeads, into: &additionEmbedTypeNumHeads)
    additionTimeEmbedDim = try c.decodeIfPresent(Int.self, forKey: .additionTimeEmbedDim)
    projectionClassEmbeddingsInputDim = try c.decodeIfPresent(
      Int.self, forKey: .projectionClassEmbeddingsInputDim)
    try c.read(.centerInputSample, into: &centerInputSample)
    try c.read(.midBlockScaleFactor, into: &midBlockScaleFactor)
    try c.read(.downsamplePadding, into: &downsamplePadding)
    timeEmbeddingDim = try c.decodeIfPresent(Int.self, forKey: .timeEmbeddingDim)
    // Variants this model does not build are refused by name instead of giving wrong pictures.
    try ConfigurationError.check(decoder, "UNet2DConditionModel", Self.settings)
    try c.read(.resnetTimeScaleShift, into: &resnetTimeScaleShift)
    func activation(_ key: CodingKeys) throws -> Activation {
      let name = try c.decodeIfPresent(String.self, forKey: key) ?? "none"
      return Activation(rawValue: name == "swish" ? "silu" : name) ?? .none
    }
    timeEmbeddingActFn = try activation(.timeEmbeddingActFn)
    timestepPostAct = try activation(.timestepPostAct)
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
    try c.encode(crossAttentionDim, forKey: .crossAttentionDim)
    try c.encode(attentionHeadDim, forKey: .attentionHeadDim)
    try c.encode(transformerLayersPerBlock, forKey: .transformerLayersPerBlock)
    try c.encode(useLinearProjection, forKey: .useLinearProjection)
    try c.encode(normNumGroups, forKey: .normNumGroups)
    try c.encode(normEps, forKey: .normEps)
    try c.encode(flipSinToCos, forKey: .flipSinToCos)
    try c.encode(freqShift, forKey: .freqShift)
    try c.encodeIfPresent(additionEmbedType, forKey: .additionEmbedType)
    if additionEmbedType == "text" { try c.encode(additionEmbedTypeNumHeads, forKey: .additionEmbedTypeNumHeads) }
    try c.encodeIfPresent(additionTimeEmbedDim, forKey: .additionTimeEmbedDim)
    try c.encodeIfPresent(
      projectionClassEmbeddingsInputDim, forKey: .projectionClassEmbeddingsInputDim)
    let usual = UNet2DConditionConfig()
    if resnetTimeScaleShift != usual.resnetTimeScaleShift {
      try c.encode(resnetTimeScaleShift, forKey: .resnetTimeScaleShift)
    }
    if centerInputSample { try c.encode(true, forKey: .centerInputSample) }
    if midBlockScaleFactor != usual.midBlockScaleFactor {
      try c.encode(midBlockScaleFactor, forKey: .midBlockScaleFactor)
    }
    if downsamplePadding != usual.downsamplePadding { try c.encode(downsamplePadding, forKey: .downsamplePadding) }
    try c.encodeIfPresent(timeEmbeddingDim, forKey: .timeEmbeddingDim)
    if timeEmbeddingActFn != .none { try c.encode(timeEmbeddingActFn, forKey: .timeEmbeddingActFn) }
    if timestepPostAct != .none { try c.encode(timestepPostAct, forKey: .timestepPostAct) }
  }

  /// Checks everything construction relies on, so that a bad file is an error and not a crash.
  public func validate() throws(ConfigurationError) {
    try checkBounds()
    let levels = blockOutChannels.count
    func require(_ condition: Bool, _ key: CodingKeys, _ reason: String) throws(ConfigurationError) {
      try ConfigurationError.require(condition, "UNet2DConditionModel", key.rawValue, reason)
    }
    try require(
      levels > 0 && blockOutChannels.allSatisfy { $0 > 0 && normNumGroups > 0 && $0 % normNumGroups == 0 },
      .blockOutChannels, "must be multiples of norm_num_groups \(normNumGroups)")
    try require(
      downBlockTypes.count == levels
        && downBlockTypes.allSatisfy { ["DownBlock2D", "CrossAttnDownBlock2D"].contains($0) },
      .downBlockTypes, "must name DownBlock2D or CrossAttnDownBlock2D for each of \(levels) levels")
    try require(
      upBlockTypes.count == levels
        && upBlockTypes.allSatisfy { ["UpBlock2D", "CrossAttnUpBlock2D"].contains($0) },
      .upBlockTypes, "must name UpBlock2D or CrossAttnUpBlock2D for each of \(levels) levels")
    try require(layersPerBlock.covers(levels, atLeast: 1), .layersPerBlock, "must be positive")
    try require(
      attentionHeadDim.covers(levels, atLeast: 1)
        && blockOutChannels.indices.allSatisfy { blockOutChannels[$0] % attentionHeadDim[$0] == 0 },
      .attentionHeadDim, "(the number of heads) must divide the channels of each level")
    try require(
      transformerLayersPerBlock.covers(levels, atLeast: 1), .transformerLayersPerBlock,
      "must be positive")
    try require(
      inChannels > 0 && outChannels > 0 && crossAttentionDim > 0, .inChannels, "must be positive")
    try require((1...8192).contains(sampleSize), .sampleSize, "\(sampleSize) must be 1 to 8192")
    try require(
      blockOutChannels[0] % 2 == 0 && freqShift < Float(blockOutChannels[0] / 2) && freqShift > -1e6, .freqShift,
      "\(freqShift) does not go with \(blockOutChannels[0]) channels of the first level, which must be even")
    try require((0..<1).contains(normEps), .normEps, "\(normEps) must be 0 to 1")
    try require((0...1).contains(downsamplePadding), .downsamplePadding, "\(downsamplePadding) must be 0 or 1")
    try require(
      midBlockScaleFactor.isFinite && midBlockScaleFactor > 0, .midBlockScaleFactor,
      "\(midBlockScaleFactor) must be positive")
    try require(timeEmbeddingDim ?? 1 > 0, .timeEmbeddingDim, "must be positive")
    switch additionEmbedType {
    case nil: break
    case "text":
      try require(
        additionEmbedTypeNumHeads > 0 && crossAttentionDim % additionEmbedTypeNumHeads == 0, .additionEmbedTypeNumHeads,
        "\(additionEmbedTypeNumHeads) must divide cross_attention_dim \(crossAttentionDim)")
    case "text_time":
      try require(
        (additionTimeEmbedDim.map { (2...65536).contains($0) && $0 % 2 == 0 } ?? false)
          && projectionClassEmbeddingsInputDim ?? 0 > 0,
        .additionEmbedType,
        "text_time needs addition_time_embed_dim and projection_class_embeddings_input_dim")
    case let other?: try require(false, .additionEmbedType, "\"\(other)\" is not supported")
    }
  }
}
