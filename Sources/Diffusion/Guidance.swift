import TensorCore

/// Noise levels between which guidance acts.
public struct NoiseInterval: Sendable, Equatable {
  /// In units of the clean sample's deviation; the lower one is outside, the upper one inside.
  public var low, high: Double

  /// - Parameters: 0 <= low < high.
  public init(_ low: Double, _ high: Double) { (self.low, self.high) = (low, high) }

  public func contains(_ sigma: Double) -> Bool { sigma > low && sigma <= high }
}

/// Classifier-free guidance (Ho & Salimans 2022), with the rescaling of Lin et al. 2024, §3.4.
public struct Guidance: Sendable, Equatable {
  /// `uncond + scale · (cond − uncond)`; 1 means off.
  public var scale: Float
  /// How far the result's deviation is pulled back to the conditional prediction's, 0 ... 1.
  public var rescale: Float
  /// Where it acts; elsewhere the prediction is the conditional one (Kynkäänniemi et al. 2024, eq. 5). nil for everywhere.
  public var interval: NoiseInterval?

  public init(scale: Float, rescale: Float = 0, interval: NoiseInterval? = nil) {
    self.scale = scale
    self.rescale = rescale
    self.interval = interval
  }

  /// Whether the unconditional prediction is needed.
  public var isOn: Bool { scale > 1 }

  /// Whether it is needed at a noise level.
  public func isOn(at sigma: @autoclosure () -> Double) -> Bool { isOn && interval?.contains(sigma()) ?? true }

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
