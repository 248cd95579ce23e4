import Diffusion
import Foundation
import TensorCore
import Testing
import Training

/// Denoisers whose commitment is known.
@Suite struct CommitmentTests {
  private let seen, others, noise: Tensor

  /// Pairs that differ in whole blocks of 2×2 places, so that nothing is lost to the low pass.
  init() {
    var random = (0..<6).map { ExampleRandom(seed: 1, example: $0, epoch: 0) }
    func coarse() -> Tensor {
      Tensor.concatenate(random.indices.map { random[$0].normal([1, 2, 2, 3]) }, axis: 0).upsampledNearest2x
    }
    let base = coarse() + Tensor.concatenate(random.indices.map { random[$0].normal([1, 4, 4, 3]) }, axis: 0)
    let half = coarse() * 0.3
    (seen, others) = (base + half, base - half)
    noise = Tensor.concatenate(random.indices.map { random[$0].normal([1, 4, 4, 3]) }, axis: 0)
  }

  private func schedule(_ type: PredictionType) -> NoiseSchedule {
    NoiseSchedule(.cosine, start: 0, end: 0, trainSteps: 1000, zeroTerminalSNR: true, predictionType: type)
  }

  /// - Parameter clean: a clean estimate from noisy latents, α and σ.
  private func measure(
    _ type: PredictionType = .velocity, _ timestep: Int = 700, clean: (Tensor, Float, Float) -> Tensor
  ) -> PairCommitment {
    let schedule = schedule(type)
    let share = schedule.alphasCumprod[timestep]
    let (alpha, sigma) = (share.squareRoot(), (1 - share).squareRoot())
    return PairCommitment(seen: seen, others: others, noise: noise, schedule: schedule, timestep: timestep) { noisy in
      let x0 = clean(noisy, alpha, sigma)
      switch type {
      case .sample: return x0
      case .epsilon: return (noisy - x0 * alpha) / sigma
      case .velocity: return (noisy * alpha - x0) / sigma
      case .flow: return (noisy - x0 * (alpha + sigma)) / sigma
      }
    }
  }

  @Test(arguments: PredictionType.allCases) func knowingIsOneAndAveragingIsNothing(_ type: PredictionType) {
    #expect(abs(measure(type) { _, _, _ in seen }.value - 1) < 1e-4)
    #expect(abs(measure(type) { _, _, _ in (seen + others) * 0.5 }.value) < 1e-4)
    #expect(abs(measure(type) { _, _, _ in others }.value + 1) < 1e-4)
    let quarter = (seen + others) * 0.5 + (seen - others) * 0.125
    #expect(abs(measure(type) { _, _, _ in quarter }.value - 0.25) < 1e-4)
  }

  /// The exact posterior of two equally likely latents: `M + D tanh(α / σ² ⟨x − α M, D⟩)`.
  @Test(arguments: [500, 700, 800, 950]) func theExactPosteriorReachesItsBound(timestep: Int) {
    let (middle, half) = ((seen + others) * 0.5, (seen - others) * 0.5)
    let found = measure(.velocity, timestep) { x, alpha, sigma in
      let evidence = ((x - middle * alpha) * half).sum(axes: [1, 2, 3]).floats()
      let factors = evidence.map { tanh(alpha / (sigma * sigma) * $0) }
      return middle + half * Tensor(factors, shape: [factors.count, 1, 1, 1])
    }
    #expect(abs(found.value - found.bound) < 1e-4 && found.bound > 0.05 && found.bound <= 1)
  }

  /// Detail of single places is no matter of commitment.
  @Test func fineDetailDoesNotCount() {
    var random = (0..<6).map { ExampleRandom(seed: 2, example: $0, epoch: 0) }
    let coarse = Tensor.concatenate(random.indices.map { random[$0].normal([1, 2, 2, 3]) }, axis: 0).upsampledNearest2x
    let all = Tensor.concatenate(random.indices.map { random[$0].normal([1, 4, 4, 3]) }, axis: 0)
    let s = all.shape
    let mean = all.reshaped([s[0], 2, 2, 2, 2, 3]).mean(axes: [2, 4]).upsampledNearest2x
    let detail = (all - mean) * 2
    let found = PairCommitment(
      seen: coarse + detail, others: coarse - detail + coarse, noise: noise, schedule: schedule(.sample), timestep: 700
    ) { _ in coarse - detail }
    #expect(abs(found.value - 1) < 1e-4)
  }
}
