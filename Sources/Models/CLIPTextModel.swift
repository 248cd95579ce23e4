import Configurations
import NN
import TensorCore

/// The configuration of a CLIP text encoder: transformers' `config.json`.
public struct CLIPTextConfig: Codable, Sendable, Equatable {
  public var vocabularySize = 49408
  public var hiddenSize = 768
  public var intermediateSize = 3072
  public var layerCount = 12
  public var headCount = 12
  public var positionCount = 77
  public var activation = Activation.quickGelu
  public var layerNormEpsilon: Float = 1e-5
  public var projectionSize = 512
  /// Old files say 2, which stands for "the token with the highest id".
  public var endTokenID = 49407
  /// `CLIPTextModelWithProjection` has a projection of the pooled state.
  public var architectures: [String] = ["CLIPTextModel"]

  enum CodingKeys: String, CodingKey {
    case vocabularySize = "vocab_size"
    case hiddenSize = "hidden_size"
    case intermediateSize = "intermediate_size"
    case layerCount = "num_hidden_layers"
    case headCount = "num_attention_heads"
    case positionCount = "max_position_embeddings"
    case activation = "hidden_act"
    case layerNormEpsilon = "layer_norm_eps"
    case projectionSize = "projection_dim"
    case endTokenID = "eos_token_id"
    case architectures
  }

  private enum OuterKeys: String, CodingKey {
    case text = "text_config"
    case modelType = "model_type"
  }

  public init() {}

  /// Reads a text encoder's file, or that of a whole CLIP, which has the text encoder's part under `text_config`.
  public init(from decoder: any Decoder) throws {
    let outer = try decoder.container(keyedBy: OuterKeys.self)
    let own = try decoder.container(keyedBy: CodingKeys.self)
    let isWhole = try outer.decodeIfPresent(String.self, forKey: .modelType) == "clip" || !own.contains(.hiddenSize)
    guard isWhole, outer.contains(.text) else {
      try self.init(flat: decoder)
      return
    }
    try ConfigurationError.check(decoder, "CLIPTextModel", Self.settings)
    try self.init(flat: outer.superDecoder(forKey: .text))
    try own.read(.architectures, into: &architectures)
  }

  /// Settings a file leaves out are those of transformers' `CLIPTextConfig`.
  private init(flat decoder: any Decoder) throws {
    self.init()
    (hiddenSize, intermediateSize, headCount) = (512, 2048, 8)
    let c = try decoder.container(keyedBy: CodingKeys.self)
    try c.read(.vocabularySize, into: &vocabularySize)
    try c.read(.hiddenSize, into: &hiddenSize)
    try c.read(.intermediateSize, into: &intermediateSize)
    try c.read(.layerCount, into: &layerCount)
    try c.read(.headCount, into: &headCount)
    try c.read(.positionCount, into: &positionCount)
    try c.read(.activation, into: &activation)
    try c.read(.layerNormEpsilon, into: &layerNormEpsilon)
    try c.read(.projectionSize, into: &projectionSize)
    try c.read(.endTokenID, into: &endTokenID)
    try c.read(.architectures, into: &architectures)
    try ConfigurationError.check(decoder, "CLIPTextModel", Self.settings)
    try validate()
  }

  /// Checks everything construction relies on.
  public func validate() throws(ConfigurationError) {
    try checkBounds()
    try ConfigurationError.require(
      hiddenSize > 0 && headCount > 0 && hiddenSize % headCount == 0, "CLIPTextModel",
      CodingKeys.headCount.rawValue, "must divide hidden_size \(hiddenSize)")
    try ConfigurationError.require(
      layerCount > 0 && vocabularySize > 0 && positionCount > 0 && intermediateSize > 0,
      "CLIPTextModel", CodingKeys.layerCount.rawValue, "and the sizes must be positive")
    try ConfigurationError.require(
      (0...Int(Int32.max)).contains(endTokenID), "CLIPTextModel", CodingKeys.endTokenID.rawValue,
      "\(endTokenID) is no token")
    try ConfigurationError.require(
      (0..<1).contains(layerNormEpsilon), "CLIPTextModel", CodingKeys.layerNormEpsilon.rawValue,
      "\(layerNormEpsilon) must be 0 to 1")
    try ConfigurationError.require(
      (hasProjection ? 1...1_048_576 : 0...1_048_576).contains(projectionSize), "CLIPTextModel",
      CodingKeys.projectionSize.rawValue, "\(projectionSize) is no size of a projection")
    try ConfigurationError.require(
      activation != .none, "CLIPTextModel", CodingKeys.activation.rawValue, "\"none\" is not supported")
  }

  public var hasProjection: Bool { architectures.contains("CLIPTextModelWithProjection") }
}

/// The states of a text at each depth.
public struct CLIPTextModelOutput: Sendable {
  /// After the final LayerNorm, `[B, T, D]`.
  public let lastHiddenState: Tensor
  /// Input to the first layer, then the output of each layer, before the final LayerNorm.
  public let hiddenStates: [Tensor]
  /// State at the end token, projected if the model has a projection, `[B, D]`.
  public let pooled: Tensor
}

/// The text encoder of CLIP (Radford et al. 2021): a causal pre-LayerNorm transformer.
public struct CLIPTextModel: Sendable {
  public let config: CLIPTextConfig
  let tokenEmbedding: Embedding
  let positionEmbedding: Parameter
  let layers: [CLIPEncoderLayer]
  let finalLayerNorm: LayerNorm
  let textProjection: Linear?

  /// - Parameters:
  ///   - p: the model's root.
  ///   - prefixed: whether keys start with `text_model.` (published checkpoints) or not (newer tools).
  public init(_ p: ParameterPath, _ config: CLIPTextConfig, prefixed: Bool = true) {
    self.config = config
    let t = prefixed ? p.text_model : p
    let width = config.hiddenSize
    tokenEmbedding = Embedding(
      t.embeddings.token_embedding, count: config.vocabularySize, width: width,
      initializer: .normal(deviation: 0.02))
    positionEmbedding = t.embeddings.position_embedding.weight.parameter(
      [config.positionCount, width], .normal(deviation: 0.02))
    layers = (0..<config.layerCount).map { CLIPEncoderLayer(t.encoder.layers[$0], config) }
    finalLayerNorm = LayerNorm(t.final_layer_norm, width, epsilon: config.layerNormEpsilon)
    textProjection =
      config.hasProjection
      ? Linear(p.text_projection, width, config.projectionSize, bias: false) : nil
  }

  /// Whether checkpoint keys carry the `text_model.` prefix.
  public static func isPrefixed(_ keys: [String]) -> Bool {
    keys.contains { $0.hasPrefix("text_model.") }
  }

  /// Vectors that take the place of tokens' embeddings, from a position of a row on.
  public struct Replacement: Sendable {
    public let row, position: Int
    /// `[n, D]`.
    public let vectors: Tensor

    public init(row: Int, position: Int, vectors: Tensor) {
      self.row = row
      self.position = position
      self.vectors = vectors
    }
  }

  /// - Parameters:
  ///   - ids: token ids, one row a text, all of one length up to `positionCount`.
  ///   - replacing: vectors put in place of tokens (textual inversion); what they replace does not matter.
  ///   - dtype: arithmetic of the layers.
  public func callAsFunction(
    _ ids: [[Int32]], replacing: [Replacement] = [], dtype: DType = .f32
  ) -> CLIPTextModelOutput {
    let (batch, length) = (ids.count, ids.first?.count ?? 0)
    precondition(
      length <= config.positionCount && ids.allSatisfy { $0.count == length },
      "token rows of \(ids.map(\.count)) for \(config.positionCount) positions")
    let table = Tensor(ids.flatMap { $0 }, shape: [batch, length], device: positionEmbedding.tensor.device)
    let positions = positionEmbedding.tensor.slice(axis: 0, from: 0, count: length).cast(to: .f32)
    let tokens = replacing.reduce(tokenEmbedding(table).cast(to: .f32)) { $0.replacing($1) }
    var states = [(tokens + positions).cast(to: dtype)]
    for layer in layers { states.append(layer(states[states.count - 1])) }
    let last = finalLayerNorm(states[states.count - 1])
    return CLIPTextModelOutput(lastHiddenState: last, hiddenStates: states, pooled: pool(last, ids))
  }

  /// A hidden state behind the final LayerNorm, as clip skip uses it.
  public func normalized(_ state: Tensor) -> Tensor { finalLayerNorm(state) }

  /// The state at the first end token of each row (at the highest id where the file says end is 2).
  private func pool(_ states: Tensor, _ ids: [[Int32]]) -> Tensor {
    let rows = ids.enumerated().map { row, tokens in
      let end = Int32(config.endTokenID)
      let position =
        config.endTokenID == 2
        ? tokens.firstIndex(of: tokens.max() ?? 0) ?? 0 : tokens.firstIndex(of: end) ?? 0
      return states.slice(axis: 0, from: row, count: 1).slice(axis: 1, from: position, count: 1)
    }
    let pooled = Tensor.concatenate(rows, axis: 0).reshaped([ids.count, config.hiddenSize])
    return textProjection.map { $0(pooled) } ?? pooled
  }
}

extension Tensor {
  /// Embeddings `[B, T, D]` with some rows replaced.
  fileprivate func replacing(_ part: CLIPTextModel.Replacement) -> Tensor {
    let (count, width) = (part.vectors.shape[0], shape[2])
    precondition(
      part.vectors.shape == [count, width] && part.row < shape[0] && part.position + count <= shape[1],
      "vectors \(part.vectors.shape) at \(part.position) of \(shape)")
    let row = slice(axis: 0, from: part.row, count: 1)
    let pieces = [
      row.slice(axis: 1, from: 0, count: part.position), part.vectors.cast(to: dtype).reshaped([1, count, width]),
      row.slice(axis: 1, from: part.position + count, count: shape[1] - part.position - count),
    ].filter { $0.shape[1] > 0 }
    let replaced = Tensor.concatenate(pieces, axis: 1)
    let rows = (0..<shape[0]).map { $0 == part.row ? replaced : slice(axis: 0, from: $0, count: 1) }
    return Tensor.concatenate(rows, axis: 0)
  }
}

/// One layer of the text encoder: causal self-attention and a two-layer network, each behind a LayerNorm.
struct CLIPEncoderLayer: Sendable {
  let norm1, norm2: LayerNorm
  let q, k, v, out, fc1, fc2: Linear
  let heads: Int
  let activation: Activation

  init(_ p: ParameterPath, _ config: CLIPTextConfig) {
    let width = config.hiddenSize
    norm1 = LayerNorm(p.layer_norm1, width, epsilon: config.layerNormEpsilon)
    q = Linear(p.self_attn.q_proj, width, width)
    k = Linear(p.self_attn.k_proj, width, width)
    v = Linear(p.self_attn.v_proj, width, width)
    out = Linear(p.self_attn.out_proj, width, width)
    norm2 = LayerNorm(p.layer_norm2, width, epsilon: config.layerNormEpsilon)
    fc1 = Linear(p.mlp.fc1, width, config.intermediateSize)
    fc2 = Linear(p.mlp.fc2, config.intermediateSize, width)
    heads = config.headCount
    activation = config.activation
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let n = norm1(x)
    let mixed = Tensor.attention(q(n), k(n), v(n), heads: heads, causal: true)
    let h = out(mixed, residual: x)
    return fc2(fc1(norm2(h), activation: activation), residual: h)
  }
}
