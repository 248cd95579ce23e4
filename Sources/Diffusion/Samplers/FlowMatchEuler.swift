import TensorCore

/// Euler's method for flow matching (Lipman et al. 2023): `x = (1 − σ) · clean + σ · noise`, and the network predicts
/// `noise − clean`.
public struct FlowMatchEulerSampler: Sampler {
  let config: SchedulerConfig
  let isStochastic: Bool

  public init(_ config: SchedulerConfig) {
    // Asked for by name, it takes whatever the model predicts for a velocity.
    var config = config.adapted(to: "FlowMatchEulerDiscreteScheduler")
    config.predictionType = .flow
    self.config = config
    isStochastic = config.given.stochasticSampling ?? false
  }

  public func plan(steps: Int) throws(SamplerError) -> SamplingPlan {
    let times = try Self.times(config, steps: steps, sampler: "flow-euler")
    return Self.plan(times, of: config, steps: steps)
  }

  /// diffusers' times for a configuration of a flow, and 0.
  static func times(_ config: SchedulerConfig, steps: Int, sampler: String) throws(SamplerError) -> [Double] {
    guard let flow = config.flow else {
      throw .otherKind(sampler: sampler, model: "which is no rectified flow", samplers: "euler, dpmpp-2m, ...")
    }
    return try flow.times(steps: steps, sampler: sampler)
  }

  /// A plan over times, whose samples are the flow's own.
  static func plan(_ times: [Double], of config: SchedulerConfig, steps: Int, order: Int = 1) -> SamplingPlan {
    SamplingPlan(
      steps: steps, timesteps: times.dropLast().map { Float($0) * Float(config.trainSteps) },
      levels: times.map { NoiseLevel(signal: 1 - $0, noise: $0) }, sigmas: times, order: order)
  }

  public func sample(
    _ x: Tensor, plan: SamplingPlan, noise: inout NoiseSource, predict: ModelPrediction,
    onStep: (SamplingStep) throws -> Tensor?
  ) throws -> Tensor {
    var x = x
    for i in plan.indices {
      let (sigma, next) = (plan.sigmas[i], plan.sigmas[i + 1])
      let velocity = try predict(x, plan.timesteps[i], i)
      if isStochastic {
        let fresh = noise.normal(x.shape, device: x.device)
        x = Tensor.combination([(1 - next, x), (-(1 - next) * sigma, velocity), (next, fresh)])
      } else {
        x = x.scaled(by: 1, adding: velocity, times: Float(next - sigma))
      }
      x = try onStep(SamplingStep(i, of: plan, sample: x)) ?? x
    }
    return x
  }
}
