/// Multiply-adds of a network for one row, and the values of its widest layers: what time and memory go by.
///
/// Attention's products grow with the square of the positions, everything else with the positions.
public struct NetworkWork: Sendable, Equatable {
  /// Multiply-adds.
  public var products = 0.0
  /// Values kept at the same time at most: what later layers need, and the widest layer at work.
  public var values = 0.0

  public init(products: Double = 0, values: Double = 0) { (self.products, self.values) = (products, values) }

  fileprivate mutating func convolution(_ inputs: Int, _ outputs: Int, at positions: Double, side: Double = 3) {
    products += side * side * Double(inputs) * Double(outputs) * positions
  }

  fileprivate mutating func resnet(_ inputs: Int, _ outputs: Int, at positions: Double) {
    convolution(inputs, outputs, at: positions)
    convolution(outputs, outputs, at: positions)
    if inputs != outputs { convolution(inputs, outputs, at: positions, side: 1) }
  }

  /// Self-attention, attention to `tokens` of `context` features, and a GEGLU of 4 times the width, `depth` times.
  fileprivate mutating func transformer(
    _ channels: Int, depth: Int, context: Int, tokens: Int, at positions: Double
  ) {
    let (c, t) = (Double(channels), Double(tokens))
    let linear = (4 + 2 + 12) * c * c * positions + 2 * Double(context) * c * t
    products += 2 * c * c * positions
    products += Double(depth) * (linear + 2 * positions * positions * c + 2 * positions * t * c)
  }
}

extension NetworkWork {
  /// Of a U-Net: down through its levels, the middle, and up again.
  /// - Parameters:
  ///   - channels: of each level.
  ///   - size: of the samples.
  ///   - layers: blocks of a level on the way down; on the way up there is one more.
  ///   - down: whether a level has a mixer on the way down, `up` in the order of the way up.
  ///   - middle: whether the middle has one.
  ///   - mixer: adds one mixer at a level of so many positions.
  fileprivate init(
    unet channels: [Int], inputs: Int, outputs: Int, size: (width: Int, height: Int), layers: [Int], down: [Bool],
    up: [Bool], middle: Bool = true, mixer: (inout NetworkWork, _ level: Int, _ positions: Double) -> Void
  ) {
    let last = channels.count - 1
    func positions(_ level: Int) -> Double { Double(size.width) * Double(size.height) / Double(1 << (2 * level)) }
    var (kept, widest) = (Double(channels[0]) * positions(0), 0.0)
    convolution(inputs, channels[0], at: positions(0))
    for level in channels.indices {
      for layer in 0..<layers[level] {
        resnet(layer == 0 ? channels[max(level - 1, 0)] : channels[level], channels[level], at: positions(level))
        if down[level] { mixer(&self, level, positions(level)) }
        kept += Double(channels[level]) * positions(level)
      }
      if level < last {
        convolution(channels[level], channels[level], at: positions(level + 1))
        kept += Double(channels[level]) * positions(level + 1)
      }
      // The feed-forward layer of a transformer holds its input, 8 and 4 times the width; a block its input twice as wide.
      let wide = down[level] ? 14 : 6
      widest = max(widest, Double(wide * channels[level]) * positions(level))
      widest = max(widest, 3 * Double(channels[level] + channels[min(level + 1, last)]) * positions(level))
    }
    resnet(channels[last], channels[last], at: 2 * positions(last))
    if middle { mixer(&self, last, positions(last)) }
    for (index, level) in channels.indices.reversed().enumerated() {
      let count = layers[level] + 1
      for layer in 0..<count {
        let skip = layer == count - 1 ? channels[max(level - 1, 0)] : channels[level]
        let before = layer == 0 ? channels[min(level + 1, last)] : channels[level]
        resnet(before + skip, channels[level], at: positions(level))
        if up[index] { mixer(&self, level, positions(level)) }
      }
      if level > 0 { convolution(channels[level], channels[level], at: positions(level - 1)) }
    }
    convolution(channels[0], outputs, at: positions(0))
    values = kept + widest
  }
}

extension UNet2DConditionConfig {
  /// What one call costs for each row.
  /// - Parameters:
  ///   - width: of the latents, `height` likewise.
  ///   - tokens: of the text.
  public func work(width: Int, height: Int, tokens: Int) -> NetworkWork {
    NetworkWork(
      unet: blockOutChannels, inputs: inChannels, outputs: outChannels, size: (width, height),
      layers: blockOutChannels.indices.map { layersPerBlock[$0] },
      down: downBlockTypes.map { $0.hasPrefix("CrossAttn") }, up: upBlockTypes.map { $0.hasPrefix("CrossAttn") }
    ) { work, level, positions in
      work.transformer(
        blockOutChannels[level], depth: transformerLayersPerBlock[level], context: crossAttentionDim, tokens: tokens,
        at: positions)
    }
  }
}

extension UNet2DConfig {
  /// What one call costs for each row; there are no tokens.
  public func work(width: Int, height: Int, tokens: Int) -> NetworkWork {
    NetworkWork(
      unet: blockOutChannels, inputs: inChannels, outputs: outChannels, size: (width, height),
      layers: blockOutChannels.map { _ in layersPerBlock }, down: downBlockTypes.map { $0.hasPrefix("Attn") },
      up: upBlockTypes.map { $0.hasPrefix("Attn") }, middle: addAttention
    ) { work, level, positions in
      let channels = Double(blockOutChannels[level])
      work.products += 4 * channels * channels * positions + 2 * positions * positions * channels
    }
  }
}

extension AutoencoderKLConfig {
  /// What decoding costs, or with one layer less a block, encoding.
  /// - Parameter width: of the latents, `height` likewise.
  public func work(width: Int, height: Int, layers: Int) -> NetworkWork {
    var work = NetworkWork()
    let channels = Array(blockOutChannels.reversed())
    let latents = Double(width) * Double(height)
    let deepest = channels[0]
    work.convolution(latentChannels, deepest, at: latents)
    work.resnet(deepest, deepest, at: 2 * latents)
    work.products += 4 * Double(deepest * deepest) * latents + 2 * latents * latents * Double(deepest)
    var widest = 6 * Double(deepest) * latents
    for level in channels.indices {
      let positions = latents * Double(1 << (2 * level))
      for layer in 0..<layers {
        work.resnet(layer == 0 ? channels[max(level - 1, 0)] : channels[level], channels[level], at: positions)
      }
      widest = max(widest, 3 * Double(channels[level] + channels[max(level - 1, 0)]) * positions)
      if level < channels.count - 1 { work.convolution(channels[level], channels[level], at: 4 * positions) }
    }
    work.values = widest
    return work
  }
}
