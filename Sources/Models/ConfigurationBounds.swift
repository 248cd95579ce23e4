/// Limits on what a configuration may claim, far above every published model.
///
/// Networks are laid out by their configuration before weights are looked at, so a claim of a million layers would fill
/// the memory and one of 2⁶³ − 1 channels overflow. Within these limits no product of sizes does.
enum ConfigurationBounds {
  /// Channels of a level, features of a text, inputs and outputs.
  static let width = 1...65_536
  /// Levels from full resolution down; SD has 4.
  static let levels = 1...12
  /// Residual blocks of a level, layers of a text encoder, transformers in a row; SDXL has 3, 32 and 10.
  static let depth = 1...512
  /// Blocks and layers of a whole network; SDXL's U-Net has some hundred.
  static let total = 1...4096
  /// Pixels or latents of a side.
  static let side = 1...32_768
  /// The same where pictures of that side are made at once, whatever the machine has.
  static let pictureSide = 1...2048
  static let vocabulary = 1...16_777_216

  /// Throws unless a number lies within its limits.
  static func require(
    _ value: Int, in range: ClosedRange<Int>, _ model: String, _ key: String
  ) throws(ConfigurationError) {
    try ConfigurationError.require(
      range.contains(value), model, key, "is \(value), must be \(range.lowerBound) to \(range.upperBound)")
  }

  /// The same for each of a list, whose length is limited, too.
  static func require(
    _ values: [Int], in range: ClosedRange<Int>, _ model: String, _ key: String
  ) throws(ConfigurationError) {
    try ConfigurationError.require(
      levels.contains(values.count), model, key,
      "has \(values.count) entries, must have \(levels.lowerBound) to \(levels.upperBound)")
    for value in values { try require(value, in: range, model, key) }
  }

  /// Throws unless a small number that is added below a root is above zero and no infinity.
  static func require(epsilon value: Float, _ model: String, _ key: String) throws(ConfigurationError) {
    try ConfigurationError.require(
      value > 0 && value <= 1, model, key, "is \(value), must be above 0 and no more than 1")
  }

  /// Throws unless a factor can be divided by.
  static func require(factor value: Float, _ model: String, _ key: String) throws(ConfigurationError) {
    try ConfigurationError.require(
      value.magnitude.isNormal && value.magnitude < 1e6, model, key, "is \(value), which no latents are scaled by")
  }

  /// Throws unless the sinusoids' frequencies are numbers.
  /// - Parameter width: of the sinusoids, of which half are frequencies.
  static func require(shift: Float, width: Int, _ model: String) throws(ConfigurationError) {
    try ConfigurationError.require(
      shift.isFinite && shift.magnitude < max(Float(width / 2), 1), model, "freq_shift",
      "is \(shift), must be less than half of \(width) channels")
  }
}

extension OneOrMany {
  /// All values.
  fileprivate var values: [Int] {
    switch self {
    case .one(let value): [value]
    case .many(let values): values
    }
  }
}

extension UNet2DConditionConfig {
  /// Checks sizes against limits, before anything is multiplied.
  func checkBounds() throws(ConfigurationError) {
    let model = "UNet2DConditionModel"
    func require(_ value: Int, _ range: ClosedRange<Int>, _ key: CodingKeys) throws(ConfigurationError) {
      try ConfigurationBounds.require(value, in: range, model, key.rawValue)
    }
    try require(sampleSize, ConfigurationBounds.side, .sampleSize)
    try require(inChannels, ConfigurationBounds.width, .inChannels)
    try require(outChannels, ConfigurationBounds.width, .outChannels)
    try require(crossAttentionDim, ConfigurationBounds.width, .crossAttentionDim)
    try ConfigurationBounds.require(
      blockOutChannels, in: ConfigurationBounds.width, model, CodingKeys.blockOutChannels.rawValue)
    for (values, range, key) in [
      (layersPerBlock, ConfigurationBounds.depth, CodingKeys.layersPerBlock),
      (attentionHeadDim, ConfigurationBounds.width, .attentionHeadDim),
      (transformerLayersPerBlock, ConfigurationBounds.depth, .transformerLayersPerBlock),
    ] {
      try ConfigurationBounds.require(values.values, in: range, model, key.rawValue)
    }
    let levels = blockOutChannels.indices
    guard layersPerBlock.covers(levels.count, atLeast: 1), transformerLayersPerBlock.covers(levels.count, atLeast: 1)
    else { return }
    let total = levels.reduce(0) { $0 + (2 * layersPerBlock[$1] + 2) * (1 + transformerLayersPerBlock[$1]) }
    try ConfigurationBounds.require(
      total, in: ConfigurationBounds.total, "\(model) (blocks and transformers in all)",
      CodingKeys.layersPerBlock.rawValue)
    for (value, key) in [
      (additionTimeEmbedDim, CodingKeys.additionTimeEmbedDim),
      (projectionClassEmbeddingsInputDim, .projectionClassEmbeddingsInputDim), (timeEmbeddingDim, .timeEmbeddingDim),
      (additionEmbedTypeNumHeads, .additionEmbedTypeNumHeads),
    ] {
      if let value { try require(value, ConfigurationBounds.width, key) }
    }
    try ConfigurationBounds.require(epsilon: normEps, model, CodingKeys.normEps.rawValue)
    try ConfigurationBounds.require(shift: freqShift, width: blockOutChannels[0], model)
  }
}

extension UNet2DConfig {
  /// Checks sizes against limits, before anything is multiplied.
  func checkBounds() throws(ConfigurationError) {
    let model = "UNet2DModel"
    for (value, range, key) in [
      (sampleSize, ConfigurationBounds.pictureSide, CodingKeys.sampleSize),
      (inChannels, ConfigurationBounds.width, .inChannels), (outChannels, ConfigurationBounds.width, .outChannels),
      (layersPerBlock, ConfigurationBounds.depth, .layersPerBlock),
    ] {
      try ConfigurationBounds.require(value, in: range, model, key.rawValue)
    }
    for (value, key) in [
      (attentionHeadDim, CodingKeys.attentionHeadDim), (timeEmbeddingDim, .timeEmbeddingDim), (classCount, .classCount),
    ] {
      if let value { try ConfigurationBounds.require(value, in: ConfigurationBounds.width, model, key.rawValue) }
    }
    try ConfigurationBounds.require(
      blockOutChannels, in: ConfigurationBounds.width, model, CodingKeys.blockOutChannels.rawValue)
    try ConfigurationBounds.require(epsilon: normEps, model, CodingKeys.normEps.rawValue)
    try ConfigurationBounds.require(shift: freqShift, width: blockOutChannels[0], model)
  }
}

extension AutoencoderKLConfig {
  /// Checks sizes against limits, before anything is multiplied.
  func checkBounds() throws(ConfigurationError) {
    let model = "AutoencoderKL"
    for (value, range, key) in [
      (sampleSize, ConfigurationBounds.side, CodingKeys.sampleSize),
      (inChannels, ConfigurationBounds.width, .inChannels), (outChannels, ConfigurationBounds.width, .outChannels),
      (latentChannels, ConfigurationBounds.width, .latentChannels),
      (layersPerBlock, ConfigurationBounds.depth, .layersPerBlock),
    ] {
      try ConfigurationBounds.require(value, in: range, model, key.rawValue)
    }
    try ConfigurationBounds.require(
      blockOutChannels, in: ConfigurationBounds.width, model, CodingKeys.blockOutChannels.rawValue)
    try ConfigurationBounds.require(factor: scalingFactor, model, CodingKeys.scalingFactor.rawValue)
    try ConfigurationError.require(
      shiftFactor?.isFinite ?? true, model, CodingKeys.shiftFactor.rawValue, "must be a number")
  }
}

extension AutoencoderTinyConfig {
  /// Checks sizes against limits, before anything is multiplied.
  func checkBounds() throws(ConfigurationError) {
    let model = "AutoencoderTiny"
    for (value, key) in [
      (inChannels, CodingKeys.inChannels), (outChannels, .outChannels), (latentChannels, .latentChannels),
    ] {
      try ConfigurationBounds.require(value, in: ConfigurationBounds.width, model, key.rawValue)
    }
    for (values, range, key) in [
      (encoderBlockOutChannels, ConfigurationBounds.width, CodingKeys.encoderBlockOutChannels),
      (decoderBlockOutChannels, ConfigurationBounds.width, .decoderBlockOutChannels),
      (numEncoderBlocks, ConfigurationBounds.depth, .numEncoderBlocks),
      (numDecoderBlocks, ConfigurationBounds.depth, .numDecoderBlocks),
    ] {
      try ConfigurationBounds.require(values, in: range, model, key.rawValue)
    }
    try ConfigurationBounds.require(factor: scalingFactor, model, CodingKeys.scalingFactor.rawValue)
  }
}

extension CLIPTextConfig {
  /// Checks sizes against limits, before anything is multiplied.
  func checkBounds() throws(ConfigurationError) {
    let model = "CLIPTextModel"
    for (value, range, key) in [
      (hiddenSize, ConfigurationBounds.width, CodingKeys.hiddenSize),
      (intermediateSize, ConfigurationBounds.width, .intermediateSize),
      (headCount, ConfigurationBounds.width, .headCount), (positionCount, ConfigurationBounds.width, .positionCount),
      (projectionSize, ConfigurationBounds.width, .projectionSize),
      (layerCount, ConfigurationBounds.depth, .layerCount),
      (vocabularySize, ConfigurationBounds.vocabulary, .vocabularySize),
      (endTokenID, 0...Int(Int32.max), .endTokenID),
    ] {
      try ConfigurationBounds.require(value, in: range, model, key.rawValue)
    }
    try ConfigurationBounds.require(epsilon: layerNormEpsilon, model, CodingKeys.layerNormEpsilon.rawValue)
  }
}
