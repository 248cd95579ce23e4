import TensorCore

/// Euler's method with fresh noise in every step (k-diffusion's `sample_euler_ancestral`).
public struct EulerAncestralSampler: Sampler {
  let scale: SigmaScale

  public init(_ config: SchedulerConfig, schedule: ScheduleName? = nil, ays: AlignYourSteps = .stableDiffusion) {
    scale = SigmaScale(
      "euler-a", config.adapted(to: "EulerAncestralDiscreteScheduler"), .kDiffusion, schedule, ays: ays)
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
      let split = AncestralStep(from: sigma, to: next)
      let slope = try scale.slope(x, sigma: sigma, timestep: plan.timesteps[i], step: i, predict)
      // diffusers draws in the last step too, where it has no weight.
      let fresh = noise.normal(x.shape, device: x.device)
      x = Tensor.combination([(1, x), (split.down - sigma, slope), (split.up, fresh)])
      x = try onStep(SamplingStep(i, of: plan, sample: x)) ?? x
    }
    return x
  }
}
