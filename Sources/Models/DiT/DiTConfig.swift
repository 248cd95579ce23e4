/// The configuration of `DiTTransformer2DModel`: diffusers' `transformer/config.json` of a class-conditional DiT, or of a
/// `PixArtTransformer2DModel`, whose blocks read texts.
public struct DiTConfig: Codable, Sendable, Equatable {
  /// How a block is told the time, which also says what else the network is told.
  public enum Conditioning: String, Codable, Sendable {
    /// Every block makes its own scales, shifts and gates from time and class (adaLN-zero; Peebles & Xie 2023, §3.2).
    case classes = "ada_norm_zero"
    /// One layer makes them for all blocks from the time, each block adds a table of its own, and reads the text by
    /// cross-attention (adaLN-single; Chen et al. 2023, PixArt-α, §2.3).
    case text = "ada_norm_single"
  }

  /// What is between the two layers of a feed-forward network.
  public enum FeedForwardActivation: String, Codable, Sendable {
    case gelu, geglu
    /// GELU by its approximation with tanh.
    case geluTanh = "gelu-approximate"
  }

  public var conditioning = Conditioning.classes
  public var headCount = 16
  /// Channels of one head.
  public var headWidth = 72
  public var inChannels = 4
  /// nil for as many as go in; twice as many where the network predicts a variance too, which is not used here.
  public var outChannels: Int?
  public var layerCount = 28
  /// Whether queries, keys and values have biases.
  public var attentionBias = true
  /// Side of the samples positions are counted in; it takes others.
  public var sampleSize = 32
  /// Side of the squares that become one token.
  public var patchSize = 2
  public var activation = FeedForwardActivation.geluTanh
  /// Classes the network is told; one more stands for none.
  public var classCount = 1000
  /// Whether blocks' LayerNorms have weights of their own where time gives them none.
  public var normElementwiseAffine = false
  public var normEps: Float = 1e-5
  /// Channels keys and values of the cross-attention are made from; nil without text.
  public var crossAttentionDim: Int?
  /// Channels of the text's states where they are projected first; nil for `crossAttentionDim`.
  public var captionChannels: Int?
  /// What positions are divided by; nil for one for each 64 of `sampleSize`.
  public var interpolationScale: Float?

  /// Width of a token.
  public var width: Int { headCount * headWidth }
  /// Channels that come out.
  public var outputs: Int { outChannels ?? inChannels }
  /// Channels of a text's states; nil for a network that reads none.
  public var contextWidth: Int? { conditioning == .text ? captionChannels ?? crossAttentionDim : nil }
  /// diffusers' class.
  public var className: String {
    conditioning == .classes ? "DiTTransformer2DModel" : "PixArtTransformer2DModel"
  }

  public init() {}

  /// The defaults of the class that has this conditioning.
  public init(_ conditioning: Conditioning) {
    self.conditioning = conditioning
    guard conditioning == .text else { return }
    (outChannels, sampleSize, normEps, crossAttentionDim) = (8, 128, 1e-6, 1152)
  }

  /// Checks everything construction relies on, so that a bad file is an error and not a crash.
  public func validate() throws(ConfigurationError) {
    func require(_ condition: Bool, _ key: CodingKeys, _ reason: @autoclosure () -> String) throws(ConfigurationError) {
      try ConfigurationError.require(condition, className, key.rawValue, reason())
    }
    for (value, range, key) in [
      (headCount, ConfigurationBounds.width, CodingKeys.headCount),
      (headWidth, ConfigurationBounds.width, .headWidth), (inChannels, ConfigurationBounds.width, .inChannels),
      (outputs, ConfigurationBounds.width, .outChannels), (layerCount, ConfigurationBounds.depth, .layerCount),
      (sampleSize, ConfigurationBounds.pictureSide, .sampleSize), (patchSize, 1...256, .patchSize),
      (classCount, ConfigurationBounds.vocabulary, .classCount),
      (crossAttentionDim ?? 1, ConfigurationBounds.width, .crossAttentionDim),
      (captionChannels ?? 1, ConfigurationBounds.width, .captionChannels),
    ] {
      try ConfigurationBounds.require(value, in: range, className, key.rawValue)
    }
    try ConfigurationBounds.require(
      width, in: ConfigurationBounds.width, "\(className) (width of a token)", CodingKeys.headCount.rawValue)
    try ConfigurationBounds.require(epsilon: normEps, className, CodingKeys.normEps.rawValue)
    try require(width % 4 == 0, .headWidth, "times num_attention_heads is \(width), must be a multiple of 4")
    try require(
      sampleSize % patchSize == 0, .patchSize, "\(patchSize) must divide sample_size \(sampleSize)")
    try require(
      outputs == inChannels || outputs == 2 * inChannels, .outChannels,
      "is \(outputs), must be in_channels \(inChannels), or twice as many with a predicted variance")
    try require(
      interpolationScale.map { $0 >= 1e-3 && $0 <= 1e3 } ?? true, .interpolationScale, "must be 0.001 to 1000")
    try require(
      conditioning == .text || captionChannels == nil && crossAttentionDim == nil, .crossAttentionDim,
      "goes with norm_type ada_norm_single; blocks of ada_norm_zero read no text")
    try require(
      conditioning == .classes || crossAttentionDim != nil, .crossAttentionDim,
      "is missing: blocks of ada_norm_single read a text")
    try require(
      captionChannels == nil || crossAttentionDim == width, .crossAttentionDim,
      "must be \(width), the width of a token, where caption_channels is given")
  }
}
