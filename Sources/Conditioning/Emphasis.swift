import TensorCore

/// How weights of a prompt's words change what the text encoder says about them.
public enum Emphasis: String, Codable, Sendable, CaseIterable {
  /// States times their weights, scaled so that their mean over the chunk is what it was (AUTOMATIC1111's default).
  case original
  /// States times their weights.
  case noNorm = "no-norm"
  /// From the empty prompt's states towards the prompt's, by the weight (ComfyUI).
  case comfy
  /// Brackets are read, their weights are not applied.
  case ignore
  /// Brackets, schedules and the like are ordinary text, as diffusers takes them.
  case none

  /// The same chunk of several texts, weighted.
  ///
  /// `original` keeps the mean over all of them: the texts of one schedule are one batch for AUTOMATIC1111
  /// (modules/sd_emphasis.py, `EmphasisOriginal`).
  /// - Parameters:
  ///   - chunks: states `[1, T, D]` float32, a weight for each token, and how often the chunk stands in the batch.
  ///   - empty: the states of the empty prompt, asked for only by `comfy`.
  func apply(
    _ chunks: [(states: Tensor, weights: [Float], count: Int)], empty: () throws -> Tensor
  ) rethrows -> [Tensor] {
    let states = chunks.map(\.states)
    guard chunks.contains(where: { $0.weights.contains { $0 != 1 } }) else { return states }
    switch self {
    case .ignore, .none: return states
    case .noNorm: return chunks.map(Self.weighted)
    case .comfy:
      let empty = try empty()
      // As a change of the states, so that words of weight 1 keep theirs to the bit.
      return chunks.map { chunk in
        let change = Tensor(
          chunk.weights.map { $0 - 1 }, shape: [1, chunk.weights.count, 1], device: chunk.states.device)
        return chunk.states + (chunk.states - empty) * change
      }
    case .original:
      let weighted = chunks.map(Self.weighted)
      let counts = chunks.map(\.count)
      let (before, after) = (Self.sum(states, counts), Self.sum(weighted, counts))
      // Where normalisation leaves no mean but rounding, there is none to restore.
      let rounding = 1e-6 * before.magnitudes
      guard abs(before.values) > rounding, abs(after.values) > rounding else { return weighted }
      return weighted.map { $0 * Float(before.values / after.values) }
    }
  }

  private static func weighted(_ chunk: (states: Tensor, weights: [Float], count: Int)) -> Tensor {
    chunk.states * Tensor(chunk.weights, shape: [1, chunk.weights.count, 1], device: chunk.states.device)
  }

  /// In double precision: the mean of normalised states is small beside them, and its rounding would scale all of them.
  private static func sum(_ tensors: [Tensor], _ counts: [Int]) -> (values: Double, magnitudes: Double) {
    var (values, magnitudes) = (0.0, 0.0)
    for (tensor, count) in zip(tensors, counts) {
      let (sum, magnitude) = tensor.totals
      values += sum * Double(count)
      magnitudes += magnitude * Double(count)
    }
    return (values, magnitudes)
  }
}
