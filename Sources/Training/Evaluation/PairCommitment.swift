import Diffusion
import Foundation
import TensorCore

/// How far a denoiser commits itself to the drawing it sees, between two that its caption fits equally well.
///
/// Of a pair with latents Z and F, noise is put on Z. M is their mean, D half their difference without its finest detail, x₀
/// the denoiser's clean estimate: the commitment is `Σ⟨x₀ − M, D⟩ / Σ⟨D, D⟩`, 1 where it knows which one it sees and 0
/// where it draws the mean of both.
public struct PairCommitment: Sendable {
  /// For each pair, `⟨x₀ − M, D⟩` of the denoiser.
  public let ways: [Double]
  /// The same of the exact posterior, `tanh(α / σ² ⟨x − α M, D⟩) ⟨D, D⟩`.
  public let possible: [Double]
  /// `⟨D, D⟩`.
  public let squares: [Double]

  /// Over all pairs.
  public var value: Double { Self.quotient(ways, squares) }
  /// Of the exact posterior.
  public var bound: Double { Self.quotient(possible, squares) }

  private static func quotient(_ a: [Double], _ b: [Double]) -> Double {
    let total = b.reduce(0, +)
    return total > 0 ? a.reduce(0, +) / total : 0
  }

  /// - Parameters:
  ///   - seen: latents `[N, h, w, C]`, h and w even, scaled for diffusion; noise is put on these.
  ///   - others: their alternatives.
  ///   - noise: `[N, h, w, C]`.
  ///   - timestep: of all pairs.
  ///   - predict: the network, from noisy latents.
  public init(
    seen: Tensor, others: Tensor, noise: Tensor, schedule: NoiseSchedule, timestep: Int,
    predict: (_ noisy: Tensor) throws -> Tensor
  ) rethrows {
    precondition(
      seen.rank == 4 && seen.shape == others.shape && seen.shape[1] % 2 == 0 && seen.shape[2] % 2 == 0,
      "commitment of \(seen.shape) and \(others.shape)")
    let noisy = schedule.addNoise(
      seen, noise: noise, timesteps: Array(repeating: timestep, count: seen.shape[0]))
    let (alpha, sigma) = Self.levels(schedule, timestep)
    let level = NoiseLevel(signal: Double(max(alpha, 1e-6)), noise: Double(sigma))
    let clean = Denoised(schedule).clean(try predict(noisy).cast(to: .f32), noisy, level: level)
    let middle = (seen + others) * 0.5
    let half = Self.lowPassed((seen - others) * 0.5)
    let own = Self.rowSums(half.squared)
    let factor = Double(alpha) / Double(sigma * sigma)
    possible = zip(Self.rowSums((noisy - middle * alpha) * half), own).map { tanh(factor * $0) * $1 }
    (ways, squares) = (Self.rowSums((clean - middle) * half), own)
  }

  /// What clean samples and noise are multiplied by.
  private static func levels(_ schedule: NoiseSchedule, _ timestep: Int) -> (alpha: Float, sigma: Float) {
    let share = schedule.alphasCumprod[timestep]
    return (share.squareRoot(), (1 - share).squareRoot())
  }

  /// Means of 2×2 places, at full size.
  private static func lowPassed(_ x: Tensor) -> Tensor {
    let s = x.shape
    return x.reshaped([s[0], s[1] / 2, 2, s[2] / 2, 2, s[3]]).mean(axes: [2, 4]).upsampledNearest2x
  }

  /// The sum over everything but the first axis.
  private static func rowSums(_ x: Tensor) -> [Double] {
    let (width, values) = (x.count / max(x.shape[0], 1), x.floats())
    return (0..<x.shape[0]).map { row in values[(row * width)..<((row + 1) * width)].reduce(0) { $0 + Double($1) } }
  }
}
