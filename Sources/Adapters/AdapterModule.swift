import TensorCore

/// Everything an adapter file holds for one module.
struct AdapterModule: Sendable {
  /// As the file spells it.
  let name: String
  let location: ModuleLocation
  /// The file's key for each part.
  var keys: [AdapterPart: String]
  /// Alpha and rank from the configuration, where the file has no tensor for alpha.
  var configuredAlpha: AdapterConfig.Scale?

  /// The changes of the module's weight and bias.
  struct Changes {
    var weight: WeightChange?
    var bias: WeightChange?
    let rank: Int?
    let alpha: Float?
  }

  /// Reads and checks the module's tensors.
  func changes(_ file: AdapterFile) throws -> Changes {
    func part(_ part: AdapterPart) throws -> Tensor? { try keys[part].map { try file.tensor($0) } }
    let delta = try delta(file)
    let rank = delta?.rank
    let alpha = try alpha(file)
    var scale: Float = 1
    if let rank, let alpha, alpha != 0 {
      scale = alpha / Float(rank)
    } else if let configuredAlpha, delta?.isScaled == true {
      // PEFT's whole Kronecker factors, which have no rank of their own, are scaled like the others.
      scale = configuredAlpha.factor(rank: rank)
    }
    let magnitude = try magnitude(file)
    let weight = delta.map {
      WeightChange(
        delta: $0, scale: scale, magnitude: magnitude, key: keys[.down] ?? keys[.diff] ?? keys.values.sorted()[0])
    }
    var bias: WeightChange?
    if let tensor = try part(.diffBias), let key = keys[.diffBias] {
      bias = WeightChange(delta: .full(tensor), scale: 1, magnitude: nil, key: key)
    } else if let tensor = try part(.upBias), let key = keys[.upBias] {
      bias = WeightChange(delta: .full(tensor), scale: scale, magnitude: nil, key: key)
    }
    guard weight != nil || bias != nil else {
      throw AdapterError.incomplete(
        path: file.path, module: name, reason: "has \(keys.values.sorted().joined(separator: ", ")) alone")
    }
    return Changes(weight: weight, bias: bias, rank: rank, alpha: alpha)
  }

  /// DoRA's magnitudes, or nil: PEFT's are always those of outputs.
  private func magnitude(_ file: AdapterFile) throws -> WeightMagnitude? {
    for part in [AdapterPart.magnitudeVector, .doraScale] {
      guard let key = keys[part] else { continue }
      return WeightMagnitude(try file.tensor(key), key: key, isOutput: part == .magnitudeVector)
    }
    return nil
  }

  /// The alpha the file stores, or nil.
  private func alpha(_ file: AdapterFile) throws -> Float? {
    guard let key = keys[.alpha] else { return nil }
    guard let number = file.number(key) else {
      throw AdapterError.badValue(path: file.path, key: key, reason: "is not one finite number")
    }
    return number
  }

  /// The change of the weight by the parts that are there; nil if there are none.
  private func delta(_ file: AdapterFile) throws -> AdapterDelta? {
    func need(_ part: AdapterPart) throws -> Tensor {
      guard let key = keys[part] else {
        throw AdapterError.incomplete(
          path: file.path, module: name,
          reason: "its \(part) matrix is missing beside \(keys.values.sorted()[0].oneLine)")
      }
      return try file.tensor(key)
    }
    func optional(_ part: AdapterPart) throws -> Tensor? { try keys[part].map { try file.tensor($0) } }
    func product(_ a: AdapterPart, _ b: AdapterPart, core: AdapterPart?) throws -> AdapterDelta.Factor {
      if let core = try core.flatMap(optional) { return .tucker(core: core, try need(a), try need(b)) }
      return .product(try need(a), try need(b))
    }
    func has(_ parts: AdapterPart...) -> Bool { parts.contains { keys[$0] != nil } }

    let delta: AdapterDelta
    if has(.up, .down) {
      delta = .lowRank(up: try need(.up), mid: try optional(.mid), down: try need(.down))
    } else if has(.hadaW1A, .hadaW1B, .hadaW2A, .hadaW2B) {
      delta = .hadamard(
        try product(.hadaW1A, .hadaW1B, core: .hadaT1), try product(.hadaW2A, .hadaW2B, core: .hadaT2))
    } else if has(.lokrW1, .lokrW1A, .lokrW1B, .lokrW2, .lokrW2A, .lokrW2B) {
      delta = .kronecker(
        try optional(.lokrW1).map { .whole($0) } ?? product(.lokrW1A, .lokrW1B, core: nil),
        try optional(.lokrW2).map { .whole($0) } ?? product(.lokrW2A, .lokrW2B, core: .lokrT2))
    } else if has(.diff) {
      delta = .full(try need(.diff))
    } else {
      return nil
    }
    guard delta.isConsistent else {
      let shapes = try keys.sorted { $0.value < $1.value }.filter { $0.key != .alpha }
        .map { "\($0.key) \(try file.tensor($0.value).shape)" }
      throw AdapterError.incomplete(
        path: file.path, module: name, reason: "its matrices do not fit each other: \(shapes.joined(separator: ", "))")
    }
    return delta
  }
}
