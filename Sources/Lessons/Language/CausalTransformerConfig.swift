import Models

/// What a causal transformer is like, under the names of transformers' `LlamaConfig`.
public struct CausalTransformerConfig: Codable, Sendable, Equatable {
  public var vocabularySize: Int
  /// Numbers a token is held in.
  public var hiddenSize: Int
  /// Of the dense layers behind attention.
  public var intermediateSize: Int
  public var layers: Int
  public var heads: Int
  /// Tokens that are looked at together.
  public var context: Int

  enum CodingKeys: String, CodingKey {
    case vocabularySize = "vocab_size"
    case hiddenSize = "hidden_size"
    case intermediateSize = "intermediate_size"
    case layers = "num_hidden_layers"
    case heads = "num_attention_heads"
    case context = "max_position_embeddings"
  }

  public init(vocabularySize: Int, hiddenSize: Int, intermediateSize: Int, layers: Int, heads: Int, context: Int) {
    (self.vocabularySize, self.hiddenSize, self.intermediateSize) = (vocabularySize, hiddenSize, intermediateSize)
    (self.layers, self.heads, self.context) = (layers, heads, context)
  }

  static let epsilon: Float = 1e-5
  static let ropeTheta: Float = 10_000

  /// The first value that cannot be, and why.
  var problem: (key: String, reason: String)? {
    let rules: [(Bool, String, String)] = [
      ((514...200_000).contains(vocabularySize), "vocab_size", "must be 514 to 200000"),
      ((8...8192).contains(hiddenSize), "hidden_size", "must be 8 to 8192"),
      ((8...65_536).contains(intermediateSize), "intermediate_size", "must be 8 to 65536"),
      ((1...128).contains(layers), "num_hidden_layers", "must be 1 to 128"),
      (heads > 0 && hiddenSize % (2 * max(heads, 1)) == 0, "num_attention_heads", "must divide half of hidden_size"),
      ((2...65_536).contains(context), "max_position_embeddings", "must be 2 to 65536"),
    ]
    return rules.first { !$0.0 }.map { ($0.1, $0.2) }
  }

  /// What `config.json` says, with what stands fast here, so that transformers' `LlamaForCausalLM` reads the folder.
  struct File: Codable {
    let config: CausalTransformerConfig
    private enum Fixed: String, CodingKey {
      case architectures
      case activation = "hidden_act"
      case type = "model_type"
      case keyHeads = "num_key_value_heads"
      case epsilon = "rms_norm_eps"
      case theta = "rope_theta"
      case isTied = "tie_word_embeddings"
      case attentionBias = "attention_bias"
      case denseBias = "mlp_bias"
      case startID = "bos_token_id"
      case endID = "eos_token_id"
    }

    init(_ config: CausalTransformerConfig) { self.config = config }

    func encode(to encoder: any Encoder) throws {
      try config.encode(to: encoder)
      var c = encoder.container(keyedBy: Fixed.self)
      try c.encode(["LlamaForCausalLM"], forKey: .architectures)
      try c.encode("silu", forKey: .activation)
      try c.encode("llama", forKey: .type)
      try c.encode(config.heads, forKey: .keyHeads)
      try c.encode(Double("\(CausalTransformerConfig.epsilon)"), forKey: .epsilon)
      try c.encode(CausalTransformerConfig.ropeTheta, forKey: .theta)
      try c.encode(true, forKey: .isTied)
      try c.encode(false, forKey: .attentionBias)
      try c.encode(false, forKey: .denseBias)
      try c.encode(config.vocabularySize - 2, forKey: .startID)
      try c.encode(config.vocabularySize - 1, forKey: .endID)
    }

    /// - Throws: `ConfigurationError` for values that are none of a network built here.
    init(from decoder: any Decoder) throws {
      config = try CausalTransformerConfig(from: decoder)
      let c = try decoder.container(keyedBy: Fixed.self)
      let (type, act) = (try c.decode(String.self, forKey: .type), try c.decode(String.self, forKey: .activation))
      let kept: [(Bool, Fixed, String)] = [
        (type == "llama", .type, "must be llama"), (act == "silu", .activation, "must be silu"),
        (
          try c.decode(Int.self, forKey: .keyHeads) == config.heads, .keyHeads,
          "must be num_attention_heads"
        ),
        (try c.decode(Bool.self, forKey: .isTied), .isTied, "must be true"),
        (
          try c.decode(Float.self, forKey: .epsilon) == CausalTransformerConfig.epsilon, .epsilon,
          "must be \(CausalTransformerConfig.epsilon)"
        ),
        (
          try c.decode(Float.self, forKey: .theta) == CausalTransformerConfig.ropeTheta, .theta,
          "must be \(CausalTransformerConfig.ropeTheta)"
        ),
      ]
      if let bad = kept.first(where: { !$0.0 }) { throw Failure(key: bad.1.rawValue, reason: bad.2) }
      if let problem = config.problem { throw Failure(key: problem.key, reason: problem.reason) }
    }
  }

  /// A value of a file that is not followed here.
  struct Failure: Error, Equatable, CustomStringConvertible {
    let key, reason: String
    var description: String { "\(key) \(reason)" }
  }
}
