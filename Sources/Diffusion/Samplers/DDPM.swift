import TensorCore

/// Ancestral sampling of denoising diffusion (Ho et al. 2020, eq. 7 and alg. 2), on any subset of timesteps.
public struct DDPMSampler: Sampler {
  let config: SchedulerConfig
  let schedule: NoiseSchedule

  public init(_ config: SchedulerConfig) {
    self.config = config
    schedule = config.schedule
  }

  public func plan(steps: Int) throws(SamplerError) -> SamplingPlan {
    let timesteps = try TimestepSpacing.whole(config, steps: steps, sampler: "ddpm")
    try config.checkDiscrete(timesteps, sampler: "ddpm")
    return SamplingPlan(steps: steps, timesteps: timesteps, schedule: schedule)
  }

  public func sample(
    _ x: Tensor, plan: SamplingPlan, noise: inout NoiseSource, predict: ModelPrediction,
    onStep: (SamplingStep) throws -> Tensor?
  ) throws -> Tensor {
    var x = x
    let bars = schedule.alphasCumprod.map(Double.init)
    let timesteps = plan.timesteps.map { Int($0) }
    let limit = CleanSampleLimit(config)
    for i in plan.indices {
      let t = timesteps[i]
      let output = try predict(x, Float(t), i)
      let barPrevious = i + 1 < timesteps.count ? bars[timesteps[i + 1]] : 1
      let bar = bars[t]
      let alpha = bar / barPrevious
      let beta = 1 - alpha
      let clean = limit.apply(Denoised(schedule).cleanAndNoise(output, x, level: NoiseLevel(bar: bar)).clean)
      let mean = clean.scaled(
        by: Float(barPrevious.squareRoot() * beta / (1 - bar)), adding: x,
        times: Float(alpha.squareRoot() * (1 - barPrevious) / (1 - bar)))
      x = mean
      if t > 0 {
        let deviation = variance(bar: bar, barPrevious: barPrevious, beta: beta).squareRoot()
        x = mean.scaled(
          by: 1, adding: noise.normal(x.shape, device: x.device), times: Float(deviation))
      }
      x = try onStep(SamplingStep(i, of: plan, sample: x)) ?? x
    }
    return x
  }

  /// Variance of the reverse step: the posterior's (`fixed_small`) or β itself (`fixed_large`).
  private func variance(bar: Double, barPrevious: Double, beta: Double) -> Double {
    config.varianceType.hasPrefix("fixed_large") ? max(beta, 1e-20) : max((1 - barPrevious) / (1 - bar) * beta, 1e-20)
  }
}
