/// A tensor's role in a module's adapter.
enum AdapterPart: String, Hashable, CaseIterable {
  case up, down, mid, alpha, upBias
  case doraScale, magnitudeVector
  case hadaW1A, hadaW1B, hadaW2A, hadaW2B, hadaT1, hadaT2
  case lokrW1, lokrW1A, lokrW1B, lokrW2, lokrW2A, lokrW2B, lokrT2
  case diff, diffBias
}

/// A key of an adapter file, taken apart: the module it changes, spelled as in the file, and the tensor's role.
struct AdapterKey: Equatable {
  let module: String
  let part: AdapterPart

  /// The ends of keys, by who writes them.
  private static let suffixes: [(String, AdapterPart)] = [
    // kohya
    (".lora_down.weight", .down), (".lora_up.weight", .up), (".lora_mid.weight", .mid), (".alpha", .alpha),
    // diffusers, old and new
    (".lora_linear_layer.down.weight", .down), (".lora_linear_layer.up.weight", .up),
    (".lora.down.weight", .down), (".lora.up.weight", .up),
    ("_lora.down.weight", .down), ("_lora.up.weight", .up),
    // LyCORIS
    (".dora_scale", .doraScale),
    (".hada_w1_a", .hadaW1A), (".hada_w1_b", .hadaW1B), (".hada_w2_a", .hadaW2A), (".hada_w2_b", .hadaW2B),
    (".hada_t1", .hadaT1), (".hada_t2", .hadaT2),
    (".lokr_w1", .lokrW1), (".lokr_w1_a", .lokrW1A), (".lokr_w1_b", .lokrW1B),
    (".lokr_w2", .lokrW2), (".lokr_w2_a", .lokrW2A), (".lokr_w2_b", .lokrW2B), (".lokr_t2", .lokrT2),
    (".diff", .diff), (".diff_b", .diffBias), (".w_norm", .diff), (".b_norm", .diffBias),
  ]

  /// Takes a key apart; nil if it is not one of an adapter.
  init?(_ key: String) {
    if let (suffix, part) = Self.suffixes.first(where: { key.hasSuffix($0.0) }) {
      var module = String(key.dropLast(suffix.count))
      // Alphas of diffusers files may stand beside the matrices instead of above them.
      for end in [".lora_linear_layer", ".lora", "_lora"] where part == .alpha && module.hasSuffix(end) {
        module.removeLast(end.count)
      }
      self.init(module: module, part: part)
      return
    }
    // PEFT: the adapter's name may stand before the last part, as in `lora_A.default.weight`, or be it.
    let names = key.split(separator: ".", omittingEmptySubsequences: false)
    if names.count > 2, let found = Self.suffixes.first(where: { $0.0 == ".\(names[names.count - 2])" }),
      found.0.hasPrefix(".hada_") || found.0.hasPrefix(".lokr_")
    {
      self.init(module: names.dropLast(2).joined(separator: "."), part: found.1)
      return
    }
    guard let index = names.lastIndex(where: { ["lora_A", "lora_B", "lora_magnitude_vector"].contains($0) }),
      names.count - index <= 3
    else { return nil }
    let module = names[..<index].joined(separator: ".")
    switch (names[index], names[names.count - 1]) {
    case ("lora_A", "weight"): self.init(module: module, part: .down)
    case ("lora_B", "weight"): self.init(module: module, part: .up)
    case ("lora_B", "bias"): self.init(module: module, part: .upBias)
    case ("lora_magnitude_vector", _): self.init(module: module, part: .magnitudeVector)
    default: return nil
    }
  }

  private init(module: String, part: AdapterPart) {
    self.module = module
    self.part = part
  }

  /// The kind of adapter a key belongs to that is known but not implemented.
  static func unsupportedKind(_ key: String) -> String? {
    let kinds: [(String, String)] = [
      (".oft_blocks", "OFT"), (".oft_diag", "OFT"), (".a1.weight", "GLoRA"), (".on_input", "IA³"),
      (".bias_indices", "sparse bias"),
    ]
    if let kind = kinds.first(where: { key.hasSuffix($0.0) }) { return kind.1 }
    let parts = key.split(separator: ".")
    return peftKinds.first { kind in parts.contains { $0.hasPrefix(kind.start) } }?.name
  }

  /// How PEFT's other kinds name their tensors. Source: peft project, the `prefix` and parameters of each tuner.
  private static let peftKinds: [(start: String, name: String)] = [
    ("oft_", "OFT"), ("boft_", "BOFT"), ("ia3_", "IA³"), ("vera_", "VeRA"), ("pvera_", "PVeRA"),
    ("lora_embedding_", "embedding LoRA"), ("lora_E", "AdaLoRA"), ("ranknum", "AdaLoRA"), ("fourierft_", "FourierFT"),
    ("hra_", "HRA"), ("ln_tuning_", "LN tuning"), ("poly_", "Poly"), ("vblora_", "VB-LoRA"), ("bone_", "Bone"),
    ("miss_", "MiSS"), ("c3a_", "C³A"), ("randlora_", "RandLoRA"), ("road_", "RoAd"), ("shira_", "SHiRA"),
    ("gralora_", "GraLoRA"), ("delora_", "DeLoRA"), ("waveft_", "WaveFT"), ("hira_", "HiRA"), ("glora_", "GLoRA"),
    ("trainable_tokens_", "trainable tokens"), ("prompt_embeddings", "prompt tuning"), ("tinylora_", "TinyLoRA"),
    ("unilora_", "UniLoRA"), ("lily_", "Lily"), ("psoft_", "PSOFT"), ("osf_", "OSF"), ("beft_", "BEFT"),
    ("deft_", "DEFT"), ("frod_", "FRoD"), ("adamss_", "AdaMSS"), ("peanut_", "PEANuT"),
  ]
}
