import Models
import TensorCore

/// Tells results that are no numbers apart from pictures: checked at each stage, so that a message can say which.
///
/// A check reads the result once; the cause is looked for only when there is something to explain.
package enum Finiteness {
  /// Values beyond these are no states, latents or weights of a healthy run.
  private static let (largeState, largeLatent): (Float, Float) = (1e4, 1e3)

  /// Throws if a result holds NaN or an infinity.
  /// - Parameters:
  ///   - stage: what computed it, as a message begins.
  ///   - cause: the likely cause and what to do.
  package static func check(
    _ result: Tensor, _ stage: @autoclosure () -> String, cause: () -> String
  ) throws(GenerationError) {
    guard let index = result.firstNonFinite else { return }
    let value = result.reshaped([-1]).slice(axis: 0, from: index, count: 1).scalar
    throw .notFinite(
      stage: stage(), value: value.isNaN ? "NaN" : value > 0 ? "infinity" : "-infinity", cause: cause())
  }

  /// The cause where nothing that went in was out of the ordinary.
  /// - Parameter part: the network.
  package static func weights(of part: String, _ precision: Precision) -> String {
    "the weights of \(part), or of an adapter or embedding, hold NaN, infinity or values too large for "
      + "\(precision.rawValue): imago inspect names them; otherwise try --precision f32 or smaller weights of adapters"
  }

  /// A cause if latents have grown beyond what they are in a run; nil if not.
  package static func large(_ latents: Tensor, guidance: Float? = nil) -> String? {
    let size = magnitude(latents)
    guard !(size <= largeLatent) else { return nil }
    let scale = guidance.map { "--cfg \($0)" } ?? "--cfg"
    return "the latents had grown to \(size): \(scale), weights of adapters or of prompts joined by AND are too large, "
      + "or sampler and schedule do not suit the model (--prediction, --schedule)"
  }

  /// A cause if what a prompt was encoded to is beyond what text encoders say; nil if not.
  package static func large(states: Tensor) -> String? {
    let size = magnitude(states)
    guard !(size <= largeState) else { return nil }
    return "the prompt's states had grown to \(size): weights in brackets or of an embedding are too large; 0.5 to 1.5 "
      + "is usual"
  }

  /// The largest absolute value, infinite if one is no number.
  private static func magnitude(_ tensor: Tensor) -> Float {
    let size = tensor.count > 0 ? tensor.magnitudeQuantile(1) : 0
    return tensor.firstNonFinite == nil ? size : .infinity
  }
}
