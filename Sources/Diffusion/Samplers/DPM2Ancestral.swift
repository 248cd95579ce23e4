import TensorCore

/// DPM-Solver-2 with fresh noise after every step (k-diffusion's `sample_dpm_2_ancestral`).
public struct DPM2AncestralSampler: Sampler {
  let scale: SigmaScale

  public init(_ config: SchedulerConfig, schedule: ScheduleName? = nil, ays: AlignYourSteps = .stableDiffusion) {
    scale = SigmaScale(
      "dpm2-a", config.adapted(to: "KDPM2AncestralDiscreteScheduler"), .kDiffusionRounded, schedule, ays: ays)
  }

  public func plan(steps: Int) throws(SamplerError) -> SamplingPlan {
    let levels = try scale.sigmas(steps: steps, dropsNextToLast: true)
    let all = levels.withMidpoints(scale.table) { AncestralStep(from: $0, to: $1).down }
    return scale.explodingPlan(all, steps: steps, order: 2)
  }

  public func sample(
    _ x: Tensor, plan: SamplingPlan, noise: inout NoiseSource, predict: ModelPrediction,
    onStep: (SamplingStep) throws -> Tensor?
  ) throws -> Tensor {
    var x = x
    var begun: Tensor?
    for i in plan.indices {
      let (sigma, next) = (plan.sigmas[i], plan.sigmas[i + 1])
      let slope = try scale.slope(x, sigma: sigma, timestep: plan.timesteps[i], step: i, predict)
      if let start = begun {
        let split = AncestralStep(from: plan.sigmas[i - 1], to: next)
        let fresh = noise.normal(x.shape, device: x.device)
        x = Tensor.combination([(1, start), (split.down - plan.sigmas[i - 1], slope), (split.up, fresh)])
        begun = nil
      } else {
        begun = x
        x = x.scaled(by: 1, adding: slope, times: Float(next - sigma))
      }
      x = try onStep(SamplingStep(i, of: plan, sample: x)) ?? x
    }
    return x
  }
}
