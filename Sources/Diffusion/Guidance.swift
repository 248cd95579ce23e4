import TensorCore

/// Classifier-free guidance (Ho & Salimans 2022), with the rescaling of Lin et al. 2024, §3.4.
public struct Guidance: Sendable, Equatable {
  /// `uncond + scale · (cond − uncond)`; 1 means off.
  public var scale: Float
  /// How far the result's deviation is pulled back to the conditional prediction's, 0 ... 1.
  public var rescale: Float

  public init(scale: Float, rescale: Float = 0) {
    self.scale = scale
    self.rescale = rescale
  }

  /// Whether the unconditional prediction is needed.
  public var isOn: Bool { scale > 1 }

  /// Combines two predictions `[B, H, W, C]`, float32.
  public func combine(unconditional u: Tensor, conditional c: Tensor) -> Tensor {
    let guided = u.scaled(by: 1 - scale, adding: c, times: scale)
    guard rescale > 0 else { return guided }
    let ratio = Self.deviation(c) / Self.deviation(guided)
    return guided * (ratio * rescale + (1 - rescale))
  }

  /// Standard deviation of each image over its pixels and channels, `[B, 1, 1, 1]` (n − 1 in the denominator, as
  /// torch).
  private static func deviation(_ x: Tensor) -> Tensor {
    let n = Float(x.count / x.shape[0])
    let mean = x.mean(axes: [1, 2, 3]).reshaped([x.shape[0], 1, 1, 1])
    let variance = (x - mean).squared.sum(axes: [1, 2, 3], scale: 1 / (n - 1))
    return variance.applying(.sqrt).reshaped([x.shape[0], 1, 1, 1])
  }
}
