import TensorCore

/// DPM-Solver-2 in σ: the slope halfway in ln σ carries the whole step (Lu et al. 2022, alg. 1; k-diffusion's
/// `sample_dpm_2`).
public struct DPM2Sampler: Sampler {
  let scale: SigmaScale

  public init(_ config: SchedulerConfig, schedule: ScheduleName? = nil, ays: AlignYourSteps = .stableDiffusion) {
    scale = SigmaScale("dpm2", config.adapted(to: "KDPM2DiscreteScheduler"), .kDiffusionRounded, schedule, ays: ays)
  }

  public func plan(steps: Int) throws(SamplerError) -> SamplingPlan {
    let levels = try scale.sigmas(steps: steps, dropsNextToLast: true)
    return scale.explodingPlan(levels.withMidpoints(scale.table) { $1 }, steps: steps, order: 2)
  }

  public func sample(
    _ x: Tensor, plan: SamplingPlan, noise: inout NoiseSource, predict: ModelPrediction,
    onStep: (SamplingStep) throws -> Tensor?
  ) throws -> Tensor {
    var x = x
    var begun: Tensor?
    for i in plan.indices {
      let slope = try scale.slope(x, sigma: plan.sigmas[i], timestep: plan.timesteps[i], step: i, predict)
      if let start = begun {
        x = start.scaled(by: 1, adding: slope, times: Float(plan.sigmas[i + 1] - plan.sigmas[i - 1]))
        begun = nil
      } else {
        begun = x
        x = x.scaled(by: 1, adding: slope, times: Float(plan.sigmas[i + 1] - plan.sigmas[i]))
      }
      x = try onStep(SamplingStep(i, of: plan, sample: x)) ?? x
    }
    return x
  }
}
