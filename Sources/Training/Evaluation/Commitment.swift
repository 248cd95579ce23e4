import Diffusion
import Foundation
import TensorCore

/// How far a denoiser commits itself to the drawing it sees, between two that its caption fits equally well.
///
/// Of a pair with latents Z and F, noise is put on Z. M is their mean, D half their difference without its finest detail, x₀
/// the denoiser's clean estimate: the commitment is `Σ⟨x₀ − M, D⟩ / Σ⟨D, D⟩`, 1 where it knows which one it sees and 0
/// where it draws the mean of both. `bound` is what the exact two-way posterior would have.
public struct Commitment: Sendable, Equatable {
  /// Of the denoiser.
  public let value: Double
  /// Of the exact posterior, `tanh(α / σ² ⟨x − α M, D⟩)` for each pair.
  public let bound: Double

  /// - Parameters:
  ///   - seen: latents `[N, h, w, C]`, h and w even, scaled for diffusion; noise is put on these.
  ///   - others: their alternatives.
  ///   - noise: `[N, h, w, C]`.
  ///   - timestep: of all pairs.
  ///   - predict: the network, from noisy latents and the timestep.
  public init(
    seen: Tensor, others: Tensor, noise: Tensor, schedule: NoiseSchedule, timestep: Int,
    predict: (_ noisy: Tensor) throws -> Tensor
  ) rethrows {
    precondition(
      seen.rank == 4 && seen.shape == others.shape && seen.shape[1] % 2 == 0 && seen.shape[2] % 2 == 0,
      "commitment of \(seen.shape) and \(others.shape)")
    let count = seen.shape[0]
    let noisy = schedule.addNoise(seen, noise: noise, timesteps: Array(repeating: timestep, count: count))
    let (alpha, sigma) = Self.levels(schedule, timestep)
    let clean = Self.clean(try predict(noisy).cast(to: .f32), noisy, schedule.predictionType, alpha, sigma)
    let middle = (seen + others) * 0.5
    let half = Self.lowPassed((seen - others) * 0.5)
    let own = Self.products(half, half)
    let got = Self.products(clean - middle, half)
    let evidence = Self.products(noisy - middle * alpha, half)
    let total = own.reduce(0, +)
    value = total > 0 ? got.reduce(0, +) / total : 0
    let factor = Double(alpha) / Double(sigma * sigma)
    bound = total > 0 ? zip(evidence, own).reduce(0) { $0 + tanh(factor * $1.0) * $1.1 } / total : 0
  }

  /// What clean samples and noise are multiplied by.
  private static func levels(_ schedule: NoiseSchedule, _ timestep: Int) -> (alpha: Float, sigma: Float) {
    let share = schedule.alphasCumprod[timestep]
    return (share.squareRoot(), (1 - share).squareRoot())
  }

  /// The clean estimate in what a network predicts.
  private static func clean(
    _ output: Tensor, _ noisy: Tensor, _ type: PredictionType, _ alpha: Float, _ sigma: Float
  ) -> Tensor {
    switch type {
    case .epsilon: noisy.scaled(by: 1 / alpha, adding: output, times: -sigma / alpha)
    case .velocity: noisy.scaled(by: alpha, adding: output, times: -sigma)
    case .sample: output
    }
  }

  /// Means of 2×2 places, at full size.
  private static func lowPassed(_ x: Tensor) -> Tensor {
    let s = x.shape
    return x.reshaped([s[0], s[1] / 2, 2, s[2] / 2, 2, s[3]]).mean(axes: [2, 4]).upsampledNearest2x
  }

  /// Scalar products of rows.
  private static func products(_ a: Tensor, _ b: Tensor) -> [Double] {
    (a * b).sum(axes: [1, 2, 3]).floats().map(Double.init)
  }
}
