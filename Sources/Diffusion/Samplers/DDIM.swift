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

  public func timesteps(steps: Int) -> [Int] { TimestepSpacing.timesteps(config, steps: steps) }

  public func initialNoiseScale(timesteps: [Int]) -> Float { 1 }

  public func sample(
    _ x: Tensor, timesteps: [Int], steps: Int, noise: inout NoiseSource, predict: ModelPrediction,
    onStep: (SamplingStep) throws -> Tensor?
  ) throws -> Tensor {
    var x = x
    let bars = schedule.alphasCumprod.map(Double.init)
    let last = config.setAlphaToOne ? 1.0 : bars[0]
    for (i, t) in timesteps.enumerated() {
      let output = try predict(x, Float(t))
      let previous = t - config.trainSteps / steps
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
      let step = SamplingStep(index: i, count: timesteps.count, timestep: Float(t), sample: x)
      x = try onStep(step) ?? x
    }
    return x
  }
}
