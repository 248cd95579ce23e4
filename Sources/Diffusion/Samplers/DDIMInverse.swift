import TensorCore

/// DDIM run backwards, from a clean sample to the noise that makes it again (Song et al. 2021, §4.3).
public struct DDIMInverseSampler: Sampler {
  let config: SchedulerConfig
  let schedule: NoiseSchedule

  public init(_ config: SchedulerConfig) {
    self.config = config
    schedule = config.schedule
  }

  public func plan(steps: Int) throws(SamplerError) -> SamplingPlan {
    let timesteps = try TimestepSpacing.whole(config, steps: steps, sampler: "ddim-inverse").reversed()
    try config.checkDiscrete([], sampler: "ddim-inverse")
    let levels = timesteps.map { current($0, steps: steps) } + timesteps.suffix(1).map { schedule.level($0) }
    // A clean sample predicted of a clean sample leaves open what noise leads away from it.
    if config.predictionType == .sample, levels.first?.noise == 0 {
      throw .unsupportedSetting(
        sampler: "ddim-inverse", key: "prediction_type", value: "sample with set_alpha_to_one true")
    }
    return SamplingPlan(steps: steps, timesteps: timesteps.map(Float.init), levels: levels)
  }

  /// The level a sample has before the step to a timestep.
  private func current(_ timestep: Int, steps: Int) -> NoiseLevel {
    let before = min(timestep - config.trainSteps / steps, config.trainSteps - 1)
    return schedule.level(before, last: config.setAlphaToOne ? .clean : schedule.level(0))
  }

  public func sample(
    _ x: Tensor, plan: SamplingPlan, noise: inout NoiseSource, predict: ModelPrediction,
    onStep: (SamplingStep) throws -> Tensor?
  ) throws -> Tensor {
    var x = x
    let limit = CleanSampleLimit(config)
    for i in plan.indices {
      let t = Int(plan.timesteps[i])
      let output = try predict(x, Float(t), i)
      let (level, next) = (plan.levels[i], schedule.level(t))
      let (clean, epsilon) = Denoised(schedule).cleanAndNoise(output, x, level: level)
      x = limit.apply(clean).scaled(by: Float(next.signal), adding: epsilon, times: Float(next.noise))
      x = try onStep(SamplingStep(i, of: plan, sample: x)) ?? x
    }
    return x
  }
}
