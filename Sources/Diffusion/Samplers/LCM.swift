import TensorCore

/// Latent consistency models (Luo et al. 2023, alg. 3): each step predicts the end and adds noise again.
public struct LCMSampler: Sampler {
  let config: SchedulerConfig
  let schedule: NoiseSchedule

  public init(_ config: SchedulerConfig) {
    self.config = config.adapted(to: "LCMScheduler")
    schedule = config.schedule
  }

  public func plan(steps: Int) throws(SamplerError) -> SamplingPlan {
    let timesteps = try DistillationSpacing.timesteps(config, steps: steps, sampler: "lcm")
    return SamplingPlan(steps: steps, timesteps: timesteps, schedule: schedule)
  }

  public func sample(
    _ x: Tensor, plan: SamplingPlan, noise: inout NoiseSource, predict: ModelPrediction,
    onStep: (SamplingStep) throws -> Tensor?
  ) throws -> Tensor {
    var x = x
    let limit = CleanSampleLimit(config)
    for i in plan.indices {
      let output = try predict(x, plan.timesteps[i], i)
      let clean = limit.apply(Denoised(schedule).cleanAndNoise(output, x, level: plan.levels[i]).clean)
      let boundary = ConsistencyBoundary(timestep: Double(plan.timesteps[i]), scaling: config.timestepScaling)
      x = clean.scaled(by: Float(boundary.out), adding: x, times: Float(boundary.skip))
      if i + 1 < plan.timesteps.count {
        let next = plan.levels[i + 1]
        x = x.scaled(
          by: Float(next.signal), adding: noise.normal(x.shape, device: x.device), times: Float(next.noise))
      }
      x = try onStep(SamplingStep(i, of: plan, sample: x)) ?? x
    }
    return x
  }
}
