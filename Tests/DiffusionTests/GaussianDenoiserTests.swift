import Diffusion
import Foundation
import TensorCore
import TestSupport
import Testing

/// Samplers on data whose best denoiser is known: Gaussian of deviation c, for which
/// `E[x₀ | x] = c² √ᾱ x / (c² ᾱ + 1 − ᾱ)`, and a deterministic path keeps `x / √(c² ᾱ + 1 − ᾱ)`.
@Suite struct GaussianDenoiserTests {
  private static let deviation = 0.5

  private func config(_ type: PredictionType) -> SchedulerConfig {
    var config = SchedulerConfig()
    // Ho et al.'s schedule: it starts from so little noise that the last step, to none, is as short
    // as the others.
    config.betaSchedule = .linear
    (config.betaStart, config.betaEnd) = (0.0001, 0.02)
    config.spacing = .trailing
    config.predictionType = type
    return config
  }

  private func variance(_ bar: Double) -> Double {
    Self.deviation * Self.deviation * bar + 1 - bar
  }

  /// The exact denoiser, in the form the configuration asks for.
  private func predict(_ config: SchedulerConfig, _ x: Tensor, _ level: NoiseLevel) -> Tensor {
    let bar = level.signal * level.signal / (level.signal * level.signal + level.noise * level.noise)
    let (a, s) = (bar.squareRoot(), (1 - bar).squareRoot())
    let clean = Self.deviation * Self.deviation * a / variance(bar)
    let noise = (1 - a * clean) / s
    let factor =
      switch config.predictionType {
      case .epsilon: noise
      case .sample: clean
      case .velocity: a * noise - s * clean
      case .flow: noise - clean
      }
    return x * Float(factor)
  }

  private func run(
    _ sampler: any Sampler, _ config: SchedulerConfig, steps: Int
  ) throws -> (start: [Float], end: [Float]) {
    var noise = NoiseSource(.torch, seeds: [5])
    let plan = try sampler.plan(steps: steps)
    let start = sampler.enter(noise.normal([1, 2, 2, 4]), plan: plan)
    let end = try sampler.sample(
      start, plan: plan, noise: &noise, predict: { x, _, i in predict(config, x, plan.levels[i]) },
      onStep: { _ in nil })
    return (start.floats(), end.floats())
  }

  /// The three prediction types say the same thing, so runs agree to rounding; dividing by √ᾱ =
  /// 0.006 at the start magnifies it for the first steps, and later steps forget it.
  ///
  /// Not these: flow matching has a prediction of its own, inversion starts at no noise, which only noise can be
  /// predicted at, PNDM, as diffusers has it, averages raw predictions of different timesteps, and DPM adaptive visits
  /// other levels than its plan's.
  @Test(arguments: SamplerName.allCases.filter { ![.flowEuler, .ddimInverse, .pndm, .dpmAdaptive].contains($0) })
  func predictionTypesAgree(name: SamplerName) throws {
    let runs = try [PredictionType.epsilon, .velocity, .sample].map { type in
      try run(name.make(config(type), eta: 0), config(type), steps: 25).end
    }
    expectClose(runs[1], runs[0], atol: 2e-5, rtol: 1e-4, "velocity and epsilon")
    expectClose(runs[2], runs[0], atol: 2e-5, rtol: 1e-4, "sample and epsilon")
  }

  /// DDIM is Euler's method, so half the step gives half the error.
  @Test func ddimConvergesInFirstOrder() throws {
    let config = config(.epsilon)
    let first = Double(config.schedule.alphasCumprod[999])
    let exact = Self.deviation / variance(first).squareRoot()
    let errors = try [50, 100, 200].map { steps in
      let (start, end) = try run(DDIMSampler(config, eta: 0), config, steps: steps)
      return zip(start, end).map { abs(Double($1) - exact * Double($0)) }.max() ?? 0
    }
    for (coarse, fine) in zip(errors, errors.dropFirst()) {
      let order = log2(coarse / fine)
      // The next term of the error takes 3 % off at these step sizes.
      #expect(abs(order - 1) < 0.05, "order \(order) from errors \(errors)")
    }
  }

  /// Ancestral sampling reproduces the data's deviation.
  @Test func ddpmReachesTheDataDistribution() throws {
    let config = config(.epsilon)
    let sampler = DDPMSampler(config)
    var noise = NoiseSource(.torch, seeds: [11])
    let start = noise.normal([1, 64, 64, 4])
    let plan = try sampler.plan(steps: 1000)
    let end = try sampler.sample(
      start, plan: plan, noise: &noise, predict: { x, _, i in predict(config, x, plan.levels[i]) },
      onStep: { _ in nil })
    let deviation = (end.sumOfSquares / Double(end.count)).squareRoot()
    // A thousand steps leave 0.8 %, the deviation of 16384 values is known to 0.6 %.
    #expect(abs(deviation / Self.deviation - 1) < 0.025, "deviation \(deviation)")
  }
}
