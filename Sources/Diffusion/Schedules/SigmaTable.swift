import Foundation

/// Noise levels `σ = √((1 − ᾱ) / ᾱ)` of the training timesteps, and the ways between level and timestep.
///
/// Values are rounded to float32 where diffusers and k-diffusion hold them in float32.
struct SigmaTable: Sendable {
  /// Rising, one for each training timestep.
  let sigmas: [Double]
  let logSigmas: [Double]

  /// - Parameter alphasCumprod: `ᾱ`, falling.
  init(_ alphasCumprod: [Float]) {
    var bars = alphasCumprod
    // No signal at all would be an infinite level; diffusers leaves this much (σ = 4096).
    if bars[bars.count - 1] <= 0 { bars[bars.count - 1] = 0x1p-24 }
    self.init(sigmas: bars.map { Double(((1 - $0) / $0).squareRoot()) })
  }

  /// - Parameter sigmas: rising.
  init(sigmas: [Double]) {
    self.sigmas = sigmas
    logSigmas = sigmas.map { Double(Float(log($0))) }
  }

  var smallest: Double { sigmas[0] }
  var largest: Double { sigmas[sigmas.count - 1] }

  /// The level at a timestep that may be fractional, linear between neighbours.
  func sigma(at timestep: Double) -> Double { Self.interpolate(sigmas, timestep) }

  /// The level at a timestep, linear in log σ between neighbours (k-diffusion's `t_to_sigma`).
  func sigmaInLog(at timestep: Double) -> Double { exp(Self.interpolate(logSigmas, timestep)) }

  private static func interpolate(_ values: [Double], _ position: Double) -> Double {
    let low = min(max(Int(position), 0), values.count - 1)
    guard low + 1 < values.count else { return values[low] }
    return (values[low + 1] - values[low]) * (position - Double(low)) + values[low]
  }

  /// The timestep of a level, linear in log σ and within the table (`sigma_to_t`).
  func timestep(of sigma: Double) -> Double {
    let value = log(max(sigma, 1e-10))
    // The last entry not above the value.
    var (low, high) = (0, logSigmas.count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if logSigmas[middle] <= value { low = middle } else { high = middle }
    }
    guard logSigmas.count > 1 else { return 0 }
    low = min(low, logSigmas.count - 2)
    let w = (logSigmas[low] - value) / (logSigmas[low] - logSigmas[low + 1])
    let clipped = min(max(w, 0), 1)
    return (1 - clipped) * Double(low) + clipped * Double(low + 1)
  }
}
