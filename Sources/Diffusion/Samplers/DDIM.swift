import TensorCore

/// Denoising diffusion implicit models (Song et al. 2021, eq. 12).
public struct DDIMSampler: Sampler {
  let config: SchedulerConfig
  let schedule: NoiseSchedule
  /// 0 is deterministic, 1 has DDPM's variance.
  let eta: Double

  public init(_ config: SchedulerConfig, eta: Double) {
    self.config = config
    self.eta = eta
    schedule = config.schedule
  }

  public func plan(steps: Int) throws(SamplerError) -> SamplingPlan {
    let timesteps = try TimestepSpacing.whole(config, steps: steps, sampler: "ddim")
    try config.checkDiscrete(timesteps, sampler: "ddim")
    return SamplingPlan(steps: steps, timesteps: timesteps, schedule: schedule)
  }

  public func sample(
    _ x: Tensor, plan: SamplingPlan, noise: inout NoiseSource, predict: ModelPrediction,
    onStep: (SamplingStep) throws -> Tensor?
  ) throws -> Tensor {
    var x = x
    let last = config.setAlphaToOne ? NoiseLevel.clean : schedule.level(0)
    let limit = CleanSampleLimit(config)
    for i in plan.indices {
      let t = Int(plan.timesteps[i])
      let output = try predict(x, Float(t), i)
      let (level, next) = (schedule.level(t), schedule.level(t - config.trainSteps / plan.steps, last: last))
      let (predicted, epsilon) = Denoised(schedule).cleanAndNoise(output, x, level: level)
      let ratio = (level.signal / next.signal) * (level.signal / next.signal)
      let variance = (next.noise / level.noise) * (next.noise / level.noise) * (1 - ratio)
      let sigma = eta * max(variance, 0).squareRoot()
      x = limit.apply(predicted).scaled(
        by: Float(next.signal), adding: epsilon,
        times: Float(max(next.noise * next.noise - sigma * sigma, 0).squareRoot()))
      if eta > 0 { x = x.scaled(by: 1, adding: noise.normal(x.shape, device: x.device), times: Float(sigma)) }
      x = try onStep(SamplingStep(i, of: plan, sample: x)) ?? x
    }
    return x
  }
}
