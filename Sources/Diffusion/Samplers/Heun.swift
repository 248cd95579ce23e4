import TensorCore

/// Heun's method in σ: Euler's step, then again with the mean of the slopes at both ends (Karras et al. 2022, alg. 2).
public struct HeunSampler: Sampler {
  let scale: SigmaScale

  public init(_ config: SchedulerConfig, schedule: ScheduleName? = nil, ays: AlignYourSteps = .stableDiffusion) {
    scale = SigmaScale("heun", config.adapted(to: "HeunDiscreteScheduler"), .kDiffusion, schedule, ays: ays)
  }

  public func plan(steps: Int) throws(SamplerError) -> SamplingPlan {
    var levels = try scale.sigmas(steps: steps)
    let end = levels.sigmas.removeLast()
    if end > 0 {
      // There is a slope at the end too.
      levels.sigmas.append(end)
      levels.timesteps.append(scale.table.timestep(of: end))
    }
    // Every level but the first is the end of one step and the start of the next; the last one only an end.
    func doubled(_ values: [Double]) -> [Double] { values.prefix(1) + values.dropFirst().flatMap { [$0, $0] } }
    var all = SigmaSchedule(timesteps: doubled(levels.timesteps), sigmas: doubled(levels.sigmas))
    if end > 0 { all.timesteps.removeLast() } else { all.sigmas.append(0) }
    return scale.explodingPlan(all, steps: steps, order: 2)
  }

  public func sample(
    _ x: Tensor, plan: SamplingPlan, noise: inout NoiseSource, predict: ModelPrediction,
    onStep: (SamplingStep) throws -> Tensor?
  ) throws -> Tensor {
    try scale.heun(x, plan: plan, noise: &noise, predict: predict, onStep: onStep)
  }
}

extension SigmaScale {
  /// Heun's steps over a plan with an entry at both ends of each, at the first only where it goes to no noise. Where the
  /// next step begins higher than one ended, fresh noise fills the gap: a restart.
  func heun(
    _ x: Tensor, plan: SamplingPlan, noise: inout NoiseSource, predict: ModelPrediction,
    onStep: (SamplingStep) throws -> Tensor?
  ) throws -> Tensor {
    var x = x
    var begun: (sample: Tensor, slope: Tensor)?
    for i in plan.indices {
      let (sigma, next) = (plan.sigmas[i], plan.sigmas[i + 1])
      let slope = try self.slope(x, sigma: sigma, timestep: plan.timesteps[i], step: i, predict)
      if let first = begun {
        let step = (sigma - plan.sigmas[i - 1]) / 2
        x = Tensor.combination([(1, first.sample), (step, first.slope), (step, slope)])
        begun = nil
        if next > sigma {
          let fresh = noise.normal(x.shape, device: x.device)
          x = x.scaled(by: 1, adding: fresh, times: Float((next * next - sigma * sigma).squareRoot()))
        }
      } else {
        if next > 0 { begun = (x, slope) }
        x = x.scaled(by: 1, adding: slope, times: Float(next - sigma))
      }
      x = try onStep(SamplingStep(i, of: plan, sample: x)) ?? x
    }
    return x
  }
}
