import TensorCore

/// Euler's method for flow matching (Lipman et al. 2023): `x = (1 − σ) · clean + σ · noise`, and the network predicts
/// `noise − clean`.
public struct FlowMatchEulerSampler: Sampler {
  let config: SchedulerConfig
  let isStochastic: Bool

  public init(_ config: SchedulerConfig) {
    self.config = config.adapted(to: "FlowMatchEulerDiscreteScheduler")
    isStochastic = config.given.stochasticSampling ?? false
  }

  public func plan(steps: Int) throws(SamplerError) -> SamplingPlan {
    for (key, isOn) in [
      ("use_dynamic_shifting", config.given.useDynamicShifting), ("invert_sigmas", config.given.invertSigmas),
    ] where isOn ?? false {
      throw .unsupportedSetting(sampler: "flow-euler", key: key, value: "true")
    }
    let total = Double(config.trainSteps)
    guard steps >= 1, steps <= config.trainSteps else {
      throw .badSteps(sampler: "flow-euler", steps: steps, limit: config.trainSteps)
    }
    // The smallest level is shifted too, in float32, and the evenly spaced levels are shifted again (Esser et al. 2024,
    // eq. 23).
    let shift = config.given.shift ?? 1
    let unit = Float(1 / total)
    let smallest = Double(Float(shift) * unit / (1 + (Float(shift) - 1) * unit))
    var levels = TimestepSpacing.linspace(total, smallest * total, steps).map { value in
      let sigma = value / total
      return shift * sigma / (1 + (shift - 1) * sigma)
    }
    if let terminal = config.given.shiftTerminal, terminal > 0, steps > 1 {
      let stretch = (1 - levels[steps - 1]) / (1 - terminal)
      levels = levels.map { 1 - (1 - $0) / stretch }
    }
    if let spread = Spread(config) { levels = spread.sigmas(from: levels[0], to: levels[steps - 1], count: steps) }
    let sigmas = levels.map { Float($0) } + [0]
    return SamplingPlan(
      steps: steps, timesteps: sigmas.dropLast().map { $0 * Float(total) },
      levels: sigmas.map { NoiseLevel(signal: 1 - Double($0), noise: Double($0)) }, sigmas: sigmas.map(Double.init))
  }

  public func sample(
    _ x: Tensor, plan: SamplingPlan, noise: inout NoiseSource, predict: ModelPrediction,
    onStep: (SamplingStep) throws -> Tensor?
  ) throws -> Tensor {
    var x = x
    for i in plan.indices {
      let (sigma, next) = (plan.sigmas[i], plan.sigmas[i + 1])
      let velocity = try predict(x, plan.timesteps[i], i)
      if isStochastic {
        let fresh = noise.normal(x.shape, device: x.device)
        x = Tensor.combination([(1 - next, x), (-(1 - next) * sigma, velocity), (next, fresh)])
      } else {
        x = x.scaled(by: 1, adding: velocity, times: Float(next - sigma))
      }
      x = try onStep(SamplingStep(i, of: plan, sample: x)) ?? x
    }
    return x
  }
}
