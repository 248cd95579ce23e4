import TensorCore

/// How weights of a prompt's words change what the text encoder says about them.
public enum Emphasis: String, Codable, Sendable, CaseIterable {
  /// States times their weights, then scaled so that their mean over the chunk is what it was (AUTOMATIC1111's default).
  case original
  /// States times their weights.
  case noNorm = "no-norm"
  /// From the empty prompt's states towards the prompt's, by the weight (ComfyUI).
  case comfy
  /// Brackets are read, their weights are not applied.
  case ignore
  /// Brackets, schedules and the like are ordinary text, as diffusers takes them.
  case none

  /// - Parameters:
  ///   - states: of one chunk, `[1, T, D]` float32.
  ///   - weights: one for each of its tokens.
  ///   - empty: the states of the empty prompt, asked for only by `comfy`.
  func apply(_ states: Tensor, weights: [Float], empty: () -> Tensor) -> Tensor {
    guard weights.contains(where: { $0 != 1 }) else { return states }
    let scale = Tensor(weights, shape: [1, weights.count, 1])
    switch self {
    case .ignore, .none: return states
    case .noNorm: return states * scale
    case .comfy:
      let empty = empty()
      return (states - empty) * scale + empty
    case .original:
      let weighted = states * scale
      return weighted * (states.mean().scalar / weighted.mean().scalar)
    }
  }
}
