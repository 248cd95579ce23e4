import TensorCore

/// Heun's method for flow matching: Euler's step, then again with the mean of the velocities at both ends (diffusers'
/// `FlowMatchHeunDiscreteScheduler`). The step to no noise is Euler's.
public struct FlowMatchHeunSampler: Sampler {
  let config: SchedulerConfig

  public init(_ config: SchedulerConfig) { self.config = config.adapted(to: "FlowMatchHeunDiscreteScheduler") }

  public func plan(steps: Int) throws(SamplerError) -> SamplingPlan {
    let times = try FlowMatchEulerSampler.times(config, steps: steps, sampler: "heun")
    // Every time but the first is the end of one step and the start of the next.
    let inner = times.dropFirst().dropLast().flatMap { [$0, $0] }
    return FlowMatchEulerSampler.plan([times[0]] + inner + [0], of: config, steps: steps, order: 2)
  }

  public func sample(
    _ x: Tensor, plan: SamplingPlan, noise: inout NoiseSource, predict: ModelPrediction,
    onStep: (SamplingStep) throws -> Tensor?
  ) throws -> Tensor {
    var x = x
    var begun: (sample: Tensor, velocity: Tensor)?
    for i in plan.indices {
      let (time, next) = (plan.sigmas[i], plan.sigmas[i + 1])
      let velocity = try predict(x, plan.timesteps[i], i)
      if let first = begun {
        let half = (time - plan.sigmas[i - 1]) / 2
        x = Tensor.combination([(1, first.sample), (half, first.velocity), (half, velocity)])
        begun = nil
      } else {
        if next > 0 { begun = (x, velocity) }
        x = x.scaled(by: 1, adding: velocity, times: Float(next - time))
      }
      x = try onStep(SamplingStep(i, of: plan, sample: x)) ?? x
    }
    return x
  }
}
