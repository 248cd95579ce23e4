import TensorCore

/// Euler's method in σ (Karras et al. 2022, alg. 2 without its second stage).
public struct EulerSampler: Sampler {
  let scale: SigmaScale

  public init(_ config: SchedulerConfig, schedule: ScheduleName? = nil, ays: AlignYourSteps = .stableDiffusion) {
    scale = SigmaScale("euler", config.adapted(to: "EulerDiscreteScheduler"), .kDiffusion, schedule, ays: ays)
  }

  public func plan(steps: Int) throws(SamplerError) -> SamplingPlan {
    scale.explodingPlan(try scale.sigmas(steps: steps), steps: steps)
  }

  public func sample(
    _ x: Tensor, plan: SamplingPlan, noise: inout NoiseSource, predict: ModelPrediction,
    onStep: (SamplingStep) throws -> Tensor?
  ) throws -> Tensor {
    var x = x
    for i in plan.indices {
      let (sigma, next) = (plan.sigmas[i], plan.sigmas[i + 1])
      let slope = try scale.slope(x, sigma: sigma, timestep: plan.timesteps[i], step: i, predict)
      x = x.scaled(by: 1, adding: slope, times: Float(next - sigma))
      x = try onStep(SamplingStep(i, of: plan, sample: x)) ?? x
    }
    return x
  }
}
