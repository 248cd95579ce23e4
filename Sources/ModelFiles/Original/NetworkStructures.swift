import Checkpoints

/// The sizes of a U-Net, read off the shapes of an original checkpoint.
public struct UNetStructure: Sendable, Equatable {
  public let inputChannels: Int
  public let outputChannels: Int
  /// From full resolution down.
  public let channels: [Int]
  public let layersPerBlock: Int
  /// Transformer blocks of each level's attentions; 0 is a level without attention.
  public let transformerDepth: [Int]
  /// The same of the middle.
  public let middleDepth: Int
  public let contextWidth: Int
  /// Whether projections around the transformers are matrices, not 1 × 1 convolutions.
  public let usesLinearProjection: Bool
  /// Whether the time scales channels besides shifting them.
  public let usesScaleShift: Bool
  /// Features of the pooled text and the sizes (SDXL).
  public let additionWidth: Int?

  /// - Parameter shapes: by keys without the network's prefix. nil if they are no U-Net.
  public init?(_ shapes: ShapeTable) {
    guard let inputs = shapes.size("input_blocks.0.0.weight", 1), let outputs = shapes.size("out.2.weight", 0)
    else { return nil }
    inputChannels = inputs
    outputChannels = outputs
    let blocks = shapes.count(under: "input_blocks.")
    var channels: [Int] = []
    var depths: [Int] = []
    var layers = 0
    var samplers = 0
    for block in 1..<max(blocks, 2) {
      if shapes["input_blocks.\(block).0.op.weight"] != nil {
        samplers += 1
        continue
      }
      guard let width = shapes.size("input_blocks.\(block).0.out_layers.3.weight", 0) else { return nil }
      if samplers == 0 { layers += 1 }
      // The first block behind a downsampler starts a level.
      if channels.count == samplers {
        channels.append(width)
        depths.append(shapes.count(under: "input_blocks.\(block).1.transformer_blocks."))
      }
    }
    guard layers > 0, channels.count == samplers + 1, blocks == channels.count * (layers + 1) else { return nil }
    self.channels = channels
    layersPerBlock = layers
    transformerDepth = depths
    middleDepth = shapes.count(under: "middle_block.1.transformer_blocks.")
    let contextKey = "middle_block.1.transformer_blocks.0.attn2.to_k.weight"
    guard let context = shapes.size(contextKey, 1) else { return nil }
    contextWidth = context
    usesLinearProjection = shapes["middle_block.1.proj_in.weight"]?.count == 2
    usesScaleShift = shapes.size("input_blocks.1.0.emb_layers.1.weight", 0) == 2 * channels[0]
    additionWidth = shapes.size("label_emb.0.0.weight", 1)
  }

  public var keys: UNetKeys { UNetKeys(layersPerBlock: layersPerBlock, attention: transformerDepth.map { $0 > 0 }) }
}

/// The sizes of an autoencoder, and where in a file it is.
public struct AutoencoderStructure: Sendable, Equatable {
  public let prefix: String
  public let latentChannels: Int
  /// From full resolution down.
  public let channels: [Int]
  public let layersPerBlock: Int
  public let hasQuantConv: Bool
  public let hasPostQuantConv: Bool
  public let hasAttention: Bool

  /// The autoencoder of a file, under one of the prefixes in use or without one.
  public static func find(_ shapes: ShapeTable) -> AutoencoderStructure? {
    for prefix in prefixes {
      if let found = AutoencoderStructure(shapes.under(prefix), prefix: prefix) { return found }
    }
    return nil
  }

  /// Where autoencoders lie in files.
  private static let prefixes = ["first_stage_model.", "vae.", "taesd_vae.", ""]

  /// What half an autoencoder lacks, for files that hold no whole one; nil if there is no half either.
  public static func missingHalf(_ shapes: ShapeTable) -> String? {
    for prefix in prefixes {
      let (hasDecoder, hasEncoder) = (
        shapes["\(prefix)decoder.conv_in.weight"] != nil, shapes["\(prefix)encoder.conv_in.weight"] != nil
      )
      if hasDecoder && !hasEncoder { return "holds the decoder of an autoencoder without its encoder" }
      if hasEncoder && !hasDecoder { return "holds the encoder of an autoencoder without its decoder" }
      if hasDecoder { return "holds an autoencoder that is not complete" }
    }
    return nil
  }

  /// - Parameter shapes: by keys without the prefix. nil if they are no autoencoder.
  public init?(_ shapes: ShapeTable, prefix: String) {
    guard let latents = shapes.size("decoder.conv_in.weight", 1) else { return nil }
    self.prefix = prefix
    latentChannels = latents
    let levels = shapes.count(under: "encoder.down.")
    var channels: [Int] = []
    for level in 0..<levels {
      guard let width = shapes.size("encoder.down.\(level).block.0.conv2.weight", 0) else { return nil }
      channels.append(width)
    }
    guard levels > 0 else { return nil }
    self.channels = channels
    layersPerBlock = shapes.count(under: "encoder.down.0.block.")
    hasQuantConv = shapes["quant_conv.weight"] != nil
    hasPostQuantConv = shapes["post_quant_conv.weight"] != nil
    hasAttention = shapes.hasKey(under: "decoder.mid.attn_1.")
  }

  /// The sizes of an autoencoder under diffusers' names; nil if the shapes are those of something else.
  public init?(diffusers shapes: ShapeTable) {
    let keys = AutoencoderKeys(levels: shapes.count(under: "encoder.down_blocks."))
    let pairs = shapes.keys.compactMap { key in keys.location(of: key).map { ($0.key, shapes[key] ?? []) } }
    self.init(ShapeTable(Dictionary(pairs) { first, _ in first }), prefix: "")
  }

  public var keys: AutoencoderKeys { AutoencoderKeys(levels: channels.count) }
}

/// The sizes of a text encoder, and where in a file it is under which names.
public struct TextEncoderStructure: Sendable {
  public enum Scheme: Sendable, Equatable {
    case transformers
    case openCLIP
  }

  public let prefix: String
  public let scheme: Scheme
  public let vocabulary: Int
  public let positions: Int
  public let width: Int
  public let innerWidth: Int
  /// Layers the model uses.
  public let layers: Int
  /// Features of the pooled text; nil if there is no projection.
  public let projection: Int?
  public let keys: any KeyMap

  /// The text encoders of a file in the order of the pipeline.
  public static func find(_ shapes: ShapeTable) -> [TextEncoderStructure] {
    let transformers = [
      "conditioner.embedders.0.transformer.", "cond_stage_model.transformer.", "conditioner.embedders.1.transformer.",
      "cond_stage_model.1.transformer.",
    ]
    let openCLIP = ["cond_stage_model.model.", "conditioner.embedders.1.model."]
    let second = transformers.suffix(2) + openCLIP.suffix(1)
    var found = transformers.compactMap {
      TextEncoderStructure(transformers: shapes.under($0), prefix: $0, isSecond: second.contains($0))
    }
    let other = openCLIP.compactMap {
      TextEncoderStructure(openCLIP: shapes.under($0), prefix: $0, isSecond: second.contains($0))
    }
    found += other
    return found.filter { !second.contains($0.prefix) } + found.filter { second.contains($0.prefix) }
  }

  /// The names transformers uses, with or without `text_model.`.
  private init?(transformers shapes: ShapeTable, prefix: String, isSecond: Bool) {
    let isPrefixed = shapes.hasKey(under: "text_model.")
    let inner = isPrefixed ? shapes.under("text_model.") : shapes
    guard let vocabulary = inner.size("embeddings.token_embedding.weight", 0),
      let width = inner.size("embeddings.token_embedding.weight", 1),
      let positions = inner.size("embeddings.position_embedding.weight", 0),
      let innerWidth = inner.size("encoder.layers.0.mlp.fc1.weight", 0)
    else { return nil }
    self.prefix = prefix
    scheme = .transformers
    (self.vocabulary, self.positions, self.width, self.innerWidth) = (vocabulary, positions, width, innerWidth)
    let count = inner.count(under: "encoder.layers.")
    // OpenCLIP ViT-H, renamed by another tool: SD 2.x reads its last layer but one.
    layers = width == 1024 && count == 24 ? 23 : count
    let isMoved = inner["text_projection"] != nil
    let found = isMoved ? inner.size("text_projection", 1) : shapes.size("text_projection.weight", 0)
    // Only the second encoder's pooled text is used.
    projection = isSecond ? found : nil
    keys = CLIPTextKeys(
      isPrefixed: isPrefixed, layers: layers, projection: projection == nil ? .none : isMoved ? .moved : .plain)
  }

  /// OpenCLIP's own names. As the only encoder (SD 2.x) it is read at its last layer but one, if the file has the
  /// whole model, which its projection shows.
  private init?(openCLIP shapes: ShapeTable, prefix: String, isSecond: Bool) {
    guard let vocabulary = shapes.size("token_embedding.weight", 0),
      let width = shapes.size("token_embedding.weight", 1),
      let positions = shapes.size("positional_embedding", 0),
      let innerWidth = shapes.size("transformer.resblocks.0.mlp.c_fc.weight", 0)
    else { return nil }
    self.prefix = prefix
    scheme = .openCLIP
    (self.vocabulary, self.positions, self.width, self.innerWidth) = (vocabulary, positions, width, innerWidth)
    let count = shapes.count(under: "transformer.resblocks.")
    let isWhole = shapes["text_projection"] != nil
    layers = isSecond || !isWhole ? count : count - 1
    projection = isSecond ? shapes.size("text_projection", 1) : nil
    keys = OpenCLIPKeys(layers: layers, hasProjection: isSecond && isWhole)
  }
}
