import Configurations

/// The configuration of `PriorTransformer`: diffusers' `prior/config.json`.
public struct PriorTransformerConfig: Codable, Sendable, Equatable {
  public var headCount = 32
  /// Channels of one head.
  public var headWidth = 64
  public var layerCount = 20
  /// Numbers of an embedding, and of a state of the text.
  public var embeddingDim = 768
  /// Tokens of a text.
  public var embeddingCount = 77

  enum CodingKeys: String, CodingKey {
    case headCount = "num_attention_heads"
    case headWidth = "attention_head_dim"
    case layerCount = "num_layers"
    case embeddingDim = "embedding_dim"
    case embeddingCount = "num_embeddings"
  }

  public init() {}

  public init(from decoder: any Decoder) throws {
    self.init()
    let c = try decoder.container(keyedBy: CodingKeys.self)
    try c.read(.headCount, into: &headCount)
    try c.read(.headWidth, into: &headWidth)
    try c.read(.layerCount, into: &layerCount)
    try c.read(.embeddingDim, into: &embeddingDim)
    try c.read(.embeddingCount, into: &embeddingCount)
    try ConfigurationError.check(decoder, Self.model, Self.settings)
    try validate()
  }

  private static let model = "PriorTransformer"
  private static let settings = SettingRules([
    "num_attention_heads": .read, "attention_head_dim": .read, "num_layers": .read, "embedding_dim": .read,
    "num_embeddings": .read, "additional_embeddings": .only([4]), "added_emb_type": .only(["prd"]),
    "encoder_hid_proj_type": .only(["linear"]), "embedding_proj_norm_type": .only([nil]),
    "norm_in_type": .only([nil]), "time_embed_act_fn": .only(["silu"]), "time_embed_dim": .only([nil]),
    "embedding_proj_dim": .only([nil]), "clip_embed_dim": .only([nil]), "dropout": .ignored,
  ])

  /// Channels of a token.
  var width: Int { headCount * headWidth }
  /// Tokens in all: the text's, its embedding, the time, the noisy embedding, and the one that is answered at.
  var tokenCount: Int { embeddingCount + 4 }

  /// Checks everything construction relies on.
  public func validate() throws(ConfigurationError) {
    for (value, range, key) in [
      (headCount, ConfigurationBounds.width, CodingKeys.headCount), (headWidth, ConfigurationBounds.width, .headWidth),
      (layerCount, ConfigurationBounds.depth, .layerCount), (embeddingDim, ConfigurationBounds.width, .embeddingDim),
      (embeddingCount, ConfigurationBounds.width, .embeddingCount),
    ] {
      try ConfigurationBounds.require(value, in: range, Self.model, key.rawValue)
    }
    try ConfigurationError.require(
      width <= ConfigurationBounds.width.upperBound && width % 2 == 0, Self.model, CodingKeys.headWidth.rawValue,
      "times num_attention_heads must be even and no more than \(ConfigurationBounds.width.upperBound)")
  }
}
