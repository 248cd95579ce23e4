import TensorCore

/// Guidance by the gradient of what a second network says about a noisy sample (Dhariwal & Nichol 2021, §4.2, algorithm 2).
///
/// By Bayes' rule the score of `p(x | y)` is that of `p(x)` plus `∇ log p(y | x)`. In a sample of signal s and noise n the noise is
/// the score times `−n`: `ε ← ε − n ∇`. What moves the noise by δ moves the clean sample by `−n / s δ`, and the output by that over
/// its slope (`Denoised.slope`). So one formula serves every sampler, whatever the network predicts.
public struct GradientGuidance: Sendable {
  private let denoised: Denoised
  /// Beyond this noise in units of the signal nothing is added: a sample without signal says nothing about a class, the true
  /// gradient vanishes, and its error would be multiplied by the level.
  static let highestSigma = 100.0

  /// - Parameter denoised: what the denoising network's outputs mean.
  public init(_ denoised: Denoised) { self.denoised = denoised }

  /// What a gradient is multiplied by before it is added to a raw prediction at a timestep, for strength 1; 0 where there is
  /// no signal.
  /// - Parameter timestep: may be fractional.
  public func factor(at timestep: Float) -> Double {
    let level = denoised.exactLevel(told: timestep)
    guard level.noise <= Self.highestSigma * level.signal else { return 0 }
    return level.noise * level.noise / (level.signal * denoised.slope(level))
  }

  /// A prediction moved along a gradient of equal shape, float32.
  public func moved(_ output: Tensor, along gradient: Tensor, scale: Float, timestep: Float) -> Tensor {
    output.scaled(by: 1, adding: gradient, times: Float(factor(at: timestep) * Double(scale)))
  }
}
