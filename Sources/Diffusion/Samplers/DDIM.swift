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

  public func plan(steps: Int) -> SamplingPlan {
    SamplingPlan(steps: steps, timesteps: TimestepSpacing.timesteps(config, steps: steps), schedule: schedule)
  }

  public func sample(
    _ x: Tensor, plan: SamplingPlan, noise: inout NoiseSource, predict: ModelPrediction,
    onStep: (SamplingStep) throws -> Tensor?
  ) throws -> Tensor {
    var x = x
    let bars = schedule.alphasCumprod.map(Double.init)
    let last = config.setAlphaToOne ? 1.0 : bars[0]
    let timesteps = plan.timesteps.map { Int($0) }
    for i in plan.indices {
      let t = timesteps[i]
      let output = try predict(x, Float(t), i)
      let previous = t - config.trainSteps / plan.steps
      let (bar, barPrevious) = (bars[t], previous >= 0 ? bars[previous] : last)
      let (predicted, epsilon) = schedule.cleanAndNoise(output, x, bar: bar)
      let range = config.clipSampleRange
      let clean = config.clipSample ? predicted.clamped(-range, range) : predicted
      let variance = (1 - barPrevious) / (1 - bar) * (1 - bar / barPrevious)
      let sigma = eta * variance.squareRoot()
      x = clean.scaled(
        by: Float(barPrevious.squareRoot()), adding: epsilon,
        times: Float(max(1 - barPrevious - sigma * sigma, 0).squareRoot()))
      if eta > 0 { x = x.scaled(by: 1, adding: noise.normal(x.shape, device: x.device), times: Float(sigma)) }
      x = try onStep(SamplingStep(i, of: plan, sample: x)) ?? x
    }
    return x
  }
}
