import TensorCore

/// The network as a sampler sees it: noisy sample `[B, H, W, C]` and timestep to raw prediction, float32; with the index of
/// the plan's entry it is asked for, by which messages say where a run went wrong. Methods of higher order call it several
/// times in a step.
public typealias ModelPrediction = (_ sample: Tensor, _ timestep: Float, _ step: Int) throws -> Tensor

/// One finished step of a sampler.
public struct SamplingStep: Sendable {
  /// From 0, counted over the whole plan.
  public let index: Int
  public let count: Int
  public let timestep: Float
  /// The sample after the step.
  public let sample: Tensor
  /// Signal and noise in `sample`.
  public let level: NoiseLevel

  init(_ index: Int, of plan: SamplingPlan, sample: Tensor) {
    self.index = index
    self.sample = sample
    count = plan.timesteps.count
    timestep = plan.timesteps[index]
    level = plan.levels[index + 1]
  }

  /// A step of a method that finds its levels on the way.
  init(_ index: Int, of count: Int, timestep: Float, sample: Tensor, level: NoiseLevel) {
    (self.index, self.count, self.timestep, self.sample, self.level) = (index, count, timestep, sample, level)
  }
}

/// A way from noise to a sample: the whole loop in one function, with no state left between calls.
///
/// Scalars are computed in double precision, samples in float32.
public protocol Sampler: Sendable {
  /// The steps of a run.
  func plan(steps: Int) throws -> SamplingPlan
  /// - Parameters:
  ///   - x: the start, from `enter`.
  ///   - plan: from `plan(steps:)`, whole or entered later (image to image).
  ///   - noise: drawn from where the method needs fresh noise.
  ///   - onStep: called after each step; may replace the sample (inpainting) and may throw to stop.
  func sample(
    _ x: Tensor, plan: SamplingPlan, noise: inout NoiseSource, predict: ModelPrediction,
    onStep: (SamplingStep) throws -> Tensor?
  ) throws -> Tensor
}

extension Sampler {
  /// The sample a run starts from: noise alone, or a clean sample with the noise of the plan's first step.
  public func enter(_ noise: Tensor, clean: Tensor? = nil, plan: SamplingPlan) -> Tensor {
    guard let clean else { return noise * Float(plan.initialNoiseScale) }
    let level = plan.levels[plan.start]
    return clean.scaled(by: Float(level.signal), adding: noise, times: Float(level.noise))
  }
}

extension NoiseSchedule {
  /// The level of a training timestep; before the first one, of `last`.
  func level(_ timestep: Int, last: NoiseLevel = .clean) -> NoiseLevel {
    timestep >= 0 ? NoiseLevel(bar: Double(alphasCumprod[timestep])) : last
  }
}

extension Tensor {
  /// `Σ factor · tensor` of equal shapes; factors are rounded to float32.
  static func combination(_ terms: [(factor: Double, tensor: Tensor)]) -> Tensor {
    var sum = terms[0].tensor
    var factor = Float(terms[0].factor)
    for term in terms.dropFirst() {
      sum = sum.scaled(by: factor, adding: term.tensor, times: Float(term.factor))
      factor = 1
    }
    return terms.count == 1 ? sum * factor : sum
  }
}
