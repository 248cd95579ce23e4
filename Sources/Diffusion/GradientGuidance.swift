import TensorCore

/// Guidance by the gradient of what a second network says about a noisy sample (Dhariwal & Nichol 2021, §4.2, algorithm 2).
///
/// By Bayes' rule the score of `p(x | y)` is that of `p(x)` plus `∇ log p(y | x)`, and noise is the score times `−√(1 − ᾱ)`:
/// `ε ← ε − s √(1 − ᾱ) ∇`. What moves noise by δ moves the clean sample `(x − √(1 − ᾱ) ε) / √ᾱ` by `−√(1 − ᾱ) / √ᾱ δ`, and
/// v = `√ᾱ ε − √(1 − ᾱ) clean` by `δ / √ᾱ`, and `ε − clean` by `(1 + √(1 − ᾱ) / √ᾱ) δ`. So one formula serves every sampler, whatever the network predicts.
public struct GradientGuidance: Sendable {
  private let predictionType: PredictionType
  private let table: SigmaTable
  /// Beyond this noise in units of the signal nothing is added: a sample without signal says nothing about a class, the true
  /// gradient vanishes, and its error would be multiplied by the level.
  static let highestSigma = 100.0

  /// - Parameter schedule: what the denoising network was trained on.
  public init(_ schedule: NoiseSchedule) {
    predictionType = schedule.predictionType
    table = SigmaTable(schedule.alphasCumprod)
  }

  /// What a gradient is multiplied by before it is added to a raw prediction at a timestep, for strength 1; 0 where there is
  /// no signal.
  /// - Parameter timestep: may be fractional.
  public func factor(at timestep: Float) -> Double {
    let sigma = table.sigmaInLog(at: Double(timestep))
    guard sigma <= Self.highestSigma else { return 0 }
    let level = NoiseLevel(preservingSigma: sigma)
    return switch predictionType {
    case .epsilon: -level.noise
    case .velocity: -sigma
    case .flow: -level.noise * (1 + sigma)
    case .sample: sigma * level.noise
    }
  }

  /// A prediction moved along a gradient of equal shape, float32.
  public func moved(_ output: Tensor, along gradient: Tensor, scale: Float, timestep: Float) -> Tensor {
    output.scaled(by: 1, adding: gradient, times: Float(factor(at: timestep) * Double(scale)))
  }
}
