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
  public var additionEmbedType: String?
  public var additionTimeEmbedDim: Int?
  public var projectionClassEmbeddingsInputDim: Int?

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
    case additionTimeEmbedDim = "addition_time_embed_dim"
    case projectionClassEmbeddingsInputDim = "projection_class_embeddings_input_dim"
    case classEmbedType = "class_embed_type"
    case encoderHidDim = "encoder_hid_dim"
    case timeCondProjDim = "time_cond_proj_dim"
    case midBlockType = "mid_block_type"
    case actFn = "act_fn"
    case resnetTimeScaleShift = "resnet_time_scale_shift"
    case timeEmbeddingType = "time_embedding_type"
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
    layersPerBlock =
      try c.decodeIfPresent(OneOrMany.self, forKey: .layersPerBlock) ?? layersPerBlock
    crossAttentionDim =
      try c.decodeIfPresent(Int.self, forKey: .crossAttentionDim) ?? crossAttentionDim
    attentionHeadDim =
      try c.decodeIfPresent(OneOrMany.self, forKey: .numAttentionHeads)
      ?? c.decodeIfPresent(OneOrMany.self, forKey: .attentionHeadDim) ?? attentionHeadDim
    transformerLayersPerBlock =
      try c.decodeIfPresent(OneOrMany.self, forKey: .transformerLayersPerBlock)
      ?? transformerLayersPerBlock
    useLinearProjection =
      try c.decodeIfPresent(Bool.self, forKey: .useLinearProjection) ?? useLinearProjection
    normNumGroups = try c.decodeIfPresent(Int.self, forKey: .normNumGroups) ?? normNumGroups
    normEps = try c.decodeIfPresent(Float.self, forKey: .normEps) ?? normEps
    flipSinToCos = try c.decodeIfPresent(Bool.self, forKey: .flipSinToCos) ?? flipSinToCos
    freqShift = try c.decodeIfPresent(Float.self, forKey: .freqShift) ?? freqShift
    additionEmbedType = try c.decodeIfPresent(String.self, forKey: .additionEmbedType)
    additionTimeEmbedDim = try c.decodeIfPresent(Int.self, forKey: .additionTimeEmbedDim)
    projectionClassEmbeddingsInputDim = try c.decodeIfPresent(
      Int.self, forKey: .projectionClassEmbeddingsInputDim)
    // Variants this model does not build are refused by name instead of giving wrong pictures.
    for (key, accepted) in [
      (CodingKeys.classEmbedType, nil), (.midBlockType, "UNetMidBlock2DCrossAttn"),
      (.actFn, "silu"), (.resnetTimeScaleShift, "default"), (.timeEmbeddingType, "positional"),
    ] as [(CodingKeys, String?)] {
      if let value = try c.decodeIfPresent(String.self, forKey: key), value != accepted {
        throw ConfigurationError(
          model: "UNet2DConditionModel", key: key.rawValue, reason: "\"\(value)\" is not supported")
      }
    }
    for key in [CodingKeys.encoderHidDim, .timeCondProjDim] {
      if try c.decodeIfPresent(Int.self, forKey: key) != nil {
        throw ConfigurationError(
          model: "UNet2DConditionModel", key: key.rawValue, reason: "is not supported")
      }
    }
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
    try c.encodeIfPresent(additionTimeEmbedDim, forKey: .additionTimeEmbedDim)
    try c.encodeIfPresent(
      projectionClassEmbeddingsInputDim, forKey: .projectionClassEmbeddingsInputDim)
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
    switch additionEmbedType {
    case nil: break
    case "text_time":
      try require(
        additionTimeEmbedDim != nil && projectionClassEmbeddingsInputDim != nil, .additionEmbedType,
        "text_time needs addition_time_embed_dim and projection_class_embeddings_input_dim")
    case let other?: try require(false, .additionEmbedType, "\"\(other)\" is not supported")
    }
  }
}
