import Foundation

/// The noise levels and scalings of networks trained as Karras et al. 2022 do ("EDM"): Playground 2.5, CosXL.
///
/// Samples are `x = clean + σ · noise` with σ continuous. The network F sees them scaled to unit variance and is told
/// `ln σ / 4`; the clean sample is `c_skip x + c_out F` (table 1 there).
public struct EDMSettings: Sendable, Equatable {
  /// The lowest and the highest level.
  public var sigmaMin, sigmaMax: Double
  /// Deviation of clean samples.
  public var sigmaData: Double
  /// Exponent of Karras levels.
  public var rho: Double
  /// Whether levels are even in ln σ and not Karras's.
  public var isExponential: Bool

  public init(
    sigmaMin: Double = 0.002, sigmaMax: Double = 80, sigmaData: Double = 0.5, rho: Double = 7,
    isExponential: Bool = false
  ) {
    (self.sigmaMin, self.sigmaMax, self.sigmaData) = (sigmaMin, sigmaMax, sigmaData)
    (self.rho, self.isExponential) = (rho, isExponential)
  }

  /// diffusers' classes for such networks.
  static let classNames: Set<String> = ["EDMEulerScheduler", "EDMDPMSolverMultistepScheduler"]

  /// Why no network can have these settings, or nil.
  public var problem: String? {
    if !(sigmaMin > 0 && sigmaMin < sigmaMax && sigmaMax < 1e6) {
      return "sigma_min \(sigmaMin) and sigma_max \(sigmaMax) must rise within 0 ... 1000000"
    }
    if !(sigmaMin > 1e-6) { return "sigma_min \(sigmaMin) must be above 0.000001" }
    if !(sigmaData > 1e-6 && sigmaData < 1e6) { return "sigma_data is \(sigmaData), not 0.000001 ... 1000000" }
    if !(rho >= 1 && rho <= 1000) { return "rho is \(rho), not 1 ... 1000" }
    return nil
  }

  /// What a sample is multiplied by for the network.
  func inputScale(_ sigma: Double) -> Double { 1 / (sigma * sigma + sigmaData * sigmaData).squareRoot() }

  /// What sample and output are multiplied by for the clean sample.
  /// - Parameter isVelocity: whether the output counts against the noise, as velocities do.
  func cleanFactors(_ sigma: Double, isVelocity: Bool) -> (skip: Double, out: Double) {
    let variance = sigma * sigma + sigmaData * sigmaData
    let out = sigma * sigmaData / variance.squareRoot()
    return (sigmaData * sigmaData / variance, isVelocity ? -out : out)
  }

  /// `count` levels from the highest to the lowest.
  func sigmas(count: Int) -> [Double] {
    if isExponential {
      return TimestepSpacing.linspace(log(sigmaMax), log(sigmaMin), count).map { exp($0) }
    }
    let (start, end) = (pow(sigmaMax, 1 / rho), pow(sigmaMin, 1 / rho))
    return TimestepSpacing.linspace(0, 1, count).map { pow(start + $0 * (end - start), rho) }
  }
}
