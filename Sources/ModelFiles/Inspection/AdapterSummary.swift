import Checkpoints

/// What a file of low-rank adapters says about itself: found by key endings and shapes, whatever the naming scheme.
public struct AdapterSummary: Sendable, Equatable, Codable {
  /// Who writes such files: `kohya`, `PEFT`, `diffusers`, `cloneofsimo`.
  public let scheme: String
  /// `LoRA`, `LoHa`, `LoKr`, `DoRA`: those that occur, sorted.
  public let kinds: [String]
  public let modules: Int
  /// Those that occur, sorted.
  public let ranks: [Int]
  /// Those that occur, sorted; empty if the tensors do not tell: a configuration does, or alpha equals rank.
  public let alphas: [Float]
  /// The networks that are changed, such as `unet` and `text_encoder`.
  public let networks: [String]
  /// The family it was made for, by metadata or the width of texts; nil if nothing tells.
  public let base: String?

  /// The ends of keys of the matrix that makes the rank, by who writes them, and the axis that is the rank.
  private static let downEnds: [(end: String, scheme: String, kind: String, axis: Int)] = [
    (".lora_down.weight", "kohya", "LoRA", 0), (".lora_A.weight", "PEFT", "LoRA", 0),
    (".lora_A.default.weight", "PEFT", "LoRA", 0), ("_lora.down.weight", "diffusers", "LoRA", 0),
    (".lora.down.weight", "diffusers", "LoRA", 0), (".lora_linear_layer.down.weight", "diffusers", "LoRA", 0),
    (":down", "cloneofsimo", "LoRA", 0),
    (".hada_w1_b", "kohya", "LoHa", 0), (".lokr_w1_b", "kohya", "LoKr", 0), (".lokr_w2_b", "kohya", "LoKr", 0),
  ]

  /// nil if the file holds no adapter.
  public init?(_ file: TensorFile) {
    var (schemes, kinds, ranks) = (Set<String>(), Set<String>(), Set<Int>())
    var (modules, networks, alphas) = (Set<String>(), Set<String>(), Set<Float>())
    var textWidth: Int?
    for key in file.keys {
      if key.hasSuffix(".alpha"), file.shape(of: key)?.allSatisfy({ $0 == 1 }) == true,
        let alpha = file.raw(key)?.number
      {
        alphas.insert(alpha)
      }
      if key.hasSuffix(".dora_scale") || key.hasSuffix(".lora_magnitude_vector") { kinds.insert("DoRA") }
      let isWrapped = key.hasPrefix("base_model.model.")
      if key.hasSuffix(".lokr_w1") || key.hasSuffix(".lokr_w2") {
        let module = String(key.dropLast(".lokr_w1".count))
        kinds.insert("LoKr")
        schemes.insert(isWrapped ? "PEFT" : "kohya")
        modules.insert(module)
        networks.insert(Self.network(module))
      }
      guard let form = Self.downEnds.first(where: { key.hasSuffix($0.end) }), let shape = file.shape(of: key),
        form.axis < shape.count
      else { continue }
      let module = String(key.dropLast(form.end.count))
      schemes.insert(isWrapped ? "PEFT" : form.scheme)
      kinds.insert(form.kind)
      ranks.insert(shape[form.axis])
      modules.insert(module)
      networks.insert(Self.network(module))
      if module.contains("attn2") && module.contains("to_k") && shape.count > 1 { textWidth = shape[1] }
      if form.scheme == "cloneofsimo", module.hasPrefix("unet:"), shape.count > 1,
        ModelFamily(contextWidth: shape[1]) != nil
      {
        textWidth = textWidth ?? shape[1]
      }
    }
    if modules.isEmpty, let plain = Self.list(file) {
      (schemes, kinds) = (["cloneofsimo"], ["LoRA"])
      (modules, ranks) = (Set(plain.modules), plain.ranks)
      textWidth = plain.textWidth
      networks = ["unet"]
    }
    guard !modules.isEmpty else { return nil }
    scheme = schemes.sorted().joined(separator: ", ")
    self.kinds = kinds.sorted()
    self.modules = modules.count
    self.ranks = ranks.sorted()
    self.alphas = alphas.sorted()
    self.networks = networks.sorted()
    base = Self.base(file.metadata) ?? textWidth.flatMap(ModelFamily.init(contextWidth:))?.rawValue
  }

  private static func network(_ module: String) -> String {
    for (start, network) in [
      ("lora_te2", "text_encoder_2"), ("text_encoder_2", "text_encoder_2"), ("lora_te", "text_encoder"),
      ("text_encoder", "text_encoder"), ("base_model.model.text_model", "text_encoder"),
    ] where module.hasPrefix(start) { return network }
    return "unet"
  }

  /// A bare list of matrices in pairs, up `[out, r]` and down `[r, in]`, as the first LoRA trainer wrote.
  private static func list(_ file: TensorFile) -> (modules: [String], ranks: Set<Int>, textWidth: Int?)? {
    let names = file.keys
    guard names.count >= 2, names.count.isMultiple(of: 2), names.enumerated().allSatisfy({ "\($0)" == $1 })
    else { return nil }
    var ranks: Set<Int> = []
    var widths: [Int] = []
    for index in stride(from: 0, to: names.count, by: 2) {
      guard let up = file.shape(of: names[index]), let down = file.shape(of: names[index + 1]), up.count == 2,
        down.count == 2, up[1] == down[0]
      else { return nil }
      ranks.insert(down[0])
      widths.append(down[1])
    }
    let modules = stride(from: 0, to: names.count, by: 2).map { names[$0] }
    return (modules, ranks, widths.first { ModelFamily(contextWidth: $0) != nil })
  }

  /// What trainers note.
  private static func base(_ metadata: [String: String]) -> String? {
    guard let version = metadata["ss_base_model_version"] ?? metadata["modelspec.architecture"] else { return nil }
    return ModelFamily(named: version)?.rawValue ?? version
  }
}

/// What a file of a textual inversion says about itself.
public struct EmbeddingSummary: Sendable, Equatable, Codable {
  /// Vectors, each in the place of one token.
  public let vectors: Int
  /// Features of a vector for each text encoder.
  public let widths: [Int]
  /// The token or name in the file, if it has one.
  public let name: String?
  public let base: String?

  /// nil if the file holds no embedding: one tensor of vectors, or a pair for two text encoders.
  public init?(_ file: TensorFile) {
    let known: Set<Int> = [768, 1024, 1280]
    // Token ids, which the first trainers wrote beside the vectors, are none.
    let keys = file.keys.filter { !$0.hasPrefix("string_to_token.") }
    let shapes = keys.compactMap { key in file.shape(of: key).map { (key: key, shape: $0) } }
    guard !shapes.isEmpty, shapes.count <= 2,
      shapes.allSatisfy({ (1...2).contains($0.shape.count) && known.contains($0.shape.last ?? 0) })
    else { return nil }
    let isPair = Set(keys) == ["clip_l", "clip_g"]
    guard shapes.count == 1 || isPair else { return nil }
    vectors = shapes.map { $0.shape.count == 1 ? 1 : $0.shape[0] }.max() ?? 0
    widths = shapes.map { $0.shape.last ?? 0 }.sorted()
    let key = shapes[0].key
    let isToken = !isPair && key != "emb_params" && !key.hasPrefix("string_to_param")
    name = file.metadata["name"] ?? (isToken ? key : nil)
    base = isPair ? ModelFamily.sdxl.rawValue : widths.first.flatMap(ModelFamily.init(contextWidth:))?.rawValue
  }
}
