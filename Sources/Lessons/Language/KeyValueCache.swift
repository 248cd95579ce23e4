import TensorCore

/// Keys and values of the tokens that were seen, of each layer, so that a new token's states are all that is computed.
package struct KeyValueCache {
  /// `[B, T, D]` each, keys with their positions in them.
  private var layers: [(keys: Tensor, values: Tensor)?]
  /// Tokens that are in it.
  package private(set) var count = 0

  /// An empty one.
  package init(layers: Int) { self.layers = Array(repeating: nil, count: layers) }

  /// Adds a layer's new keys and values.
  /// - Returns: all of them.
  package mutating func extended(_ layer: Int, _ keys: Tensor, _ values: Tensor) -> (keys: Tensor, values: Tensor) {
    let all = layers[layer].map {
      (
        keys: Tensor.concatenate([$0.keys, keys], axis: 1), values: Tensor.concatenate([$0.values, values], axis: 1)
      )
    }
    let kept = all ?? (keys: keys, values: values)
    layers[layer] = kept
    return kept
  }

  /// Says that so many tokens went through every layer.
  package mutating func advance(by tokens: Int) { count += tokens }
}
