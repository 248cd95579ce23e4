import Configurations

extension DiTConfig {
  enum CodingKeys: String, CodingKey {
    case conditioning = "norm_type"
    case headCount = "num_attention_heads"
    case headWidth = "attention_head_dim"
    case inChannels = "in_channels"
    case outChannels = "out_channels"
    case layerCount = "num_layers"
    case attentionBias = "attention_bias"
    case sampleSize = "sample_size"
    case patchSize = "patch_size"
    case activation = "activation_fn"
    case classCount = "num_embeds_ada_norm"
    case normElementwiseAffine = "norm_elementwise_affine"
    case normEps = "norm_eps"
    case crossAttentionDim = "cross_attention_dim"
    case captionChannels = "caption_channels"
    case interpolationScale = "interpolation_scale"
  }

  private enum ClassKeys: String, CodingKey {
    case className = "_class_name"
    case additional = "use_additional_conditions"
  }

  /// What is made of each setting; the last ones but those of training are of `Transformer2DModel`, which older files name.
  static let settings = SettingRules([
    "norm_type": .only(["ada_norm_zero", "ada_norm_single"]), "num_attention_heads": .read, "attention_head_dim": .read,
    "in_channels": .read, "out_channels": .readOrNull, "num_layers": .read, "attention_bias": .read,
    "sample_size": .read, "patch_size": .read, "activation_fn": .only(["gelu", "geglu", "gelu-approximate"]),
    "num_embeds_ada_norm": .read, "norm_elementwise_affine": .read, "norm_eps": .read,
    "cross_attention_dim": .readOrNull, "caption_channels": .readOrNull, "interpolation_scale": .readOrNull,
    "use_additional_conditions": .only([false, nil]), "attention_type": .only(["default"]),
    "double_self_attention": .only([false]), "only_cross_attention": .only([false]), "num_vector_embeds": .only([nil]),
    // Of attention: the products here have the range float16 has not. The others change nothing where samples are patches.
    "upcast_attention": .ignored, "norm_num_groups": .ignored, "use_linear_projection": .ignored, "dropout": .ignored,
  ])

  /// The classes of diffusers that are built here.
  private static let classNames = ["DiTTransformer2DModel", "PixArtTransformer2DModel", "Transformer2DModel"]

  public init(from decoder: any Decoder) throws {
    let (c, named) = try (decoder.container(keyedBy: CodingKeys.self), decoder.container(keyedBy: ClassKeys.self))
    let className = try named.decodeIfPresent(String.self, forKey: .className)
    let usual: Conditioning = className == "PixArtTransformer2DModel" ? .text : .classes
    try ConfigurationError.check(decoder, className ?? "DiTTransformer2DModel", Self.settings)
    self.init(try c.decodeIfPresent(Conditioning.self, forKey: .conditioning) ?? usual)
    if let className {
      try ConfigurationError.require(
        Self.classNames.contains(className), className, "_class_name",
        "is not supported, only \(Self.classNames.joined(separator: " or "))")
    }
    try c.read(.headCount, into: &headCount)
    try c.read(.headWidth, into: &headWidth)
    try c.read(.inChannels, into: &inChannels)
    try c.read(.outChannels, orNullInto: &outChannels)
    try c.read(.layerCount, into: &layerCount)
    try c.read(.attentionBias, into: &attentionBias)
    try c.read(.sampleSize, into: &sampleSize)
    try c.read(.patchSize, into: &patchSize)
    try c.read(.activation, into: &activation)
    try c.read(.classCount, into: &classCount)
    try c.read(.normElementwiseAffine, into: &normElementwiseAffine)
    try c.read(.normEps, into: &normEps)
    try c.read(.crossAttentionDim, orNullInto: &crossAttentionDim)
    captionChannels = try c.decodeIfPresent(Int.self, forKey: .captionChannels)
    interpolationScale = try c.decodeIfPresent(Float.self, forKey: .interpolationScale)
    try validate()
    try ConfigurationError.require(
      conditioning == .classes || sampleSize != 128
        || (try named.decodeIfPresent(Bool.self, forKey: .additional)) == false,
      self.className, ClassKeys.additional.rawValue,
      "is true where sample_size is 128 and nothing is said: telling sizes is not supported, only false")
  }

  public func encode(to encoder: any Encoder) throws {
    var c = encoder.container(keyedBy: CodingKeys.self)
    try c.encode(conditioning, forKey: .conditioning)
    try c.encode(headCount, forKey: .headCount)
    try c.encode(headWidth, forKey: .headWidth)
    try c.encode(inChannels, forKey: .inChannels)
    // Null, and not left out, says that as many come out: the text's class has another default.
    try c.encode(outChannels, forKey: .outChannels)
    try c.encode(layerCount, forKey: .layerCount)
    try c.encode(attentionBias, forKey: .attentionBias)
    try c.encode(sampleSize, forKey: .sampleSize)
    try c.encode(patchSize, forKey: .patchSize)
    try c.encode(activation, forKey: .activation)
    try c.encode(classCount, forKey: .classCount)
    try c.encode(normElementwiseAffine, forKey: .normElementwiseAffine)
    try c.encode(normEps, forKey: .normEps)
    guard conditioning == .text else { return }
    try c.encode(crossAttentionDim, forKey: .crossAttentionDim)
    try c.encodeIfPresent(captionChannels, forKey: .captionChannels)
    try c.encodeIfPresent(interpolationScale, forKey: .interpolationScale)
    var other = encoder.container(keyedBy: ClassKeys.self)
    try other.encode(false, forKey: .additional)
  }
}
