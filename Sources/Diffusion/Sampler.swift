import TensorCore

/// The network as a sampler sees it: noisy sample `[B, H, W, C]`, timestep and index of the step to raw prediction, float32.
/// Methods of higher order call it several times in a step.
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

/// Names of samplers, as people type them.
public enum SamplerName: String, Codable, Sendable, CaseIterable {
  case ddpm, ddim

  /// The sampler for a pipeline's scheduler configuration.
  public func make(_ config: SchedulerConfig, eta: Double) -> any Sampler {
    switch self {
    case .ddpm: DDPMSampler(config)
    case .ddim: DDIMSampler(config, eta: eta)
    }
  }

  /// The sampler a diffusers scheduler class stands for, or nil if there is none here.
  public init?(schedulerClass: String) {
    switch schedulerClass {
    case "DDPMScheduler": self = .ddpm
    // Both walk the same schedule; PNDM's own multistep rule is a sampler of its own.
    case "DDIMScheduler": self = .ddim
    default: return nil
    }
  }
}

/// The timesteps of a run (Lin et al. 2024, table 2; diffusers' `timestep_spacing`).
enum TimestepSpacing {
  static func timesteps(_ config: SchedulerConfig, steps: Int) -> [Int] {
    let total = config.trainSteps
    switch config.spacing {
    case .leading:
      let ratio = total / steps
      return (0..<steps).reversed().map { $0 * ratio + config.stepsOffset }
    case .trailing:
      let ratio = Double(total) / Double(steps)
      return (0..<steps).map { i in
        Int((Double(total) - Double(i) * ratio).rounded(.toNearestOrEven)) - 1
      }
    case .linspace:
      guard steps > 1 else { return [0] }
      return (0..<steps).reversed().map { i in
        Int((Double(total - 1) * Double(i) / Double(steps - 1)).rounded(.toNearestOrEven))
      }
    }
  }
}

extension NoiseSchedule {
  /// Clean sample and noise implied by a raw prediction at signal share `bar`.
  func cleanAndNoise(_ output: Tensor, _ x: Tensor, bar: Double) -> (clean: Tensor, noise: Tensor) {
    let (a, s) = (bar.squareRoot(), (1 - bar).squareRoot())
    switch predictionType {
    case .epsilon:
      return (x.scaled(by: Float(1 / a), adding: output, times: Float(-s / a)), output)
    case .sample:
      return (output, x.scaled(by: Float(1 / s), adding: output, times: Float(-a / s)))
    case .velocity:
      return (
        x.scaled(by: Float(a), adding: output, times: Float(-s)),
        output.scaled(by: Float(a), adding: x, times: Float(s))
      )
    }
  }
}
