import TensorCore

/// Trajectory consistency distillation (Zheng et al. 2024, alg. 2): a step lands short of the next timestep's noise,
/// which fresh noise makes up for.
public struct TCDSampler: Sampler {
  let config: SchedulerConfig
  let schedule: NoiseSchedule
  /// The share of a step that is left to fresh noise: 0 is deterministic.
  let gamma: Double

  public init(_ config: SchedulerConfig, gamma: Double) {
    self.config = config.adapted(to: "TCDScheduler")
    self.gamma = min(max(gamma, 0), 1)
    schedule = config.schedule
  }

  public func plan(steps: Int) throws(SamplerError) -> SamplingPlan {
    let timesteps = try DistillationSpacing.timesteps(config, steps: steps, sampler: "tcd")
    return SamplingPlan(
      steps: steps, timesteps: timesteps.map(Float.init),
      levels: timesteps.map { schedule.level($0) } + [schedule.level(0)])
  }

  public func sample(
    _ x: Tensor, plan: SamplingPlan, noise: inout NoiseSource, predict: ModelPrediction,
    onStep: (SamplingStep) throws -> Tensor?
  ) throws -> Tensor {
    var x = x
    for i in plan.indices {
      let output = try predict(x, plan.timesteps[i], i)
      let isLast = i + 1 == plan.timesteps.count
      let next = isLast ? 0 : plan.timesteps[i + 1]
      // In float32, as the reference computes it: a product just below a whole number counts.
      let landing = schedule.level(Int(Float(1 - gamma) * next))
      let (clean, epsilon) = Denoised(schedule).cleanAndNoise(output, x, level: plan.levels[i])
      x = clean.scaled(by: Float(landing.signal), adding: epsilon, times: Float(landing.noise))
      if gamma > 0, !isLast {
        let kept = plan.levels[i + 1].signal / landing.signal
        x = x.scaled(
          by: Float(kept), adding: noise.normal(x.shape, device: x.device),
          times: Float(max(1 - kept * kept, 0).squareRoot()))
      }
      x = try onStep(SamplingStep(i, of: plan, sample: x)) ?? x
    }
    return x
  }
}
