extension DiTConfig {
  /// What one call costs for each row.
  /// - Parameters:
  ///   - width: of the samples, `height` likewise.
  ///   - tokens: of the text; none for a network that is told classes.
  public func work(width: Int, height: Int, tokens: Int) -> NetworkWork {
    let (c, area) = (Double(self.width), Double(patchSize * patchSize))
    let positions = Double(width) * Double(height) / area
    let inner = activation == .geglu ? 12.0 : 8.0
    // Queries, keys, values, their result and the feed-forward network; attention itself; what one vector a block costs.
    var block = (4 + inner) * c * c * positions + 2 * positions * positions * c
    if let context = crossAttentionDim {
      block += 2 * c * c * positions + 2 * Double(context) * c * Double(tokens)
      block += 2 * positions * Double(tokens) * c
    } else {
      block += (256 + 7 * c) * c
    }
    var work = NetworkWork()
    work.products = Double(layerCount) * block + area * c * Double(inChannels + outputs) * positions
    // A block's feed-forward network holds its input, the residual and what is between its layers.
    work.values = (2 + inner) * c * positions
    return work
  }
}
