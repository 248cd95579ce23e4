import Foundation
import TensorCore

/// DPM-Solver++ for the reverse stochastic equation, of second order in single steps (k-diffusion's
/// `sample_dpmpp_sde` with r = 1/2): DPM++ SDE.
///
/// The noise of a whole step contains that of its first half, as on a Brownian path in σ: the noise source's own, or one
/// that is drawn step by step.
public struct DPMSolverPPSDESampler: Sampler {
  let scale: SigmaScale

  public init(_ config: SchedulerConfig, schedule: ScheduleName? = nil, ays: AlignYourSteps = .stableDiffusion) {
    scale = SigmaScale("dpmpp-sde", config.adapted(to: "DPMSolverSDEScheduler"), .kDiffusion, schedule, ays: ays)
  }

  public func plan(steps: Int) throws(SamplerError) -> SamplingPlan {
    let levels = try scale.sigmas(steps: steps)
    return scale.explodingPlan(levels.withMidpoints(scale.table) { $1 }, steps: steps, order: 2)
  }

  public func sample(
    _ x: Tensor, plan: SamplingPlan, noise: inout NoiseSource, predict: ModelPrediction,
    onStep: (SamplingStep) throws -> Tensor?
  ) throws -> Tensor {
    var x = x
    var begun: (sample: Tensor, fresh: Tensor)?
    for i in plan.indices {
      let (sigma, next) = (plan.sigmas[i], plan.sigmas[i + 1])
      let clean = try scale.clean(x, sigma: sigma, timestep: plan.timesteps[i], step: i, predict)
      if next == 0 {
        x = clean
      } else if let half = begun {
        let first = plan.sigmas[i - 1]
        let split = AncestralStep(from: first, to: next)
        let path = NoisePath(noise.stepNoise, first: first, middle: sigma, last: next)
        let fresh = noise.normal(
          x.shape, from: path.query.first, to: path.query.last, of: plan, device: x.device)
        let kept = split.down / first
        x = Tensor.combination([
          (kept, half.sample), (1 - kept, clean), (split.up * path.before, half.fresh), (split.up * path.after, fresh),
        ])
        begun = nil
      } else {
        let split = AncestralStep(from: sigma, to: next)
        let path = NoisePath(noise.stepNoise, first: sigma, middle: next, last: plan.sigmas[i + 2])
        let fresh = noise.normal(
          x.shape, from: path.query.first, to: path.query.middle, of: plan, device: x.device)
        begun = (x, fresh)
        let kept = split.down / sigma
        x = Tensor.combination([(kept, x), (1 - kept, clean), (split.up, fresh)])
      }
      x = try onStep(SamplingStep(i, of: plan, sample: x)) ?? x
    }
    return x
  }

  /// What the noise of a whole step is made of, each part of deviation 1.
  private struct NoisePath {
    /// Shares of the first half's noise and of what is drawn for the second; of a path that knows the whole, only that.
    let before, after: Double
    /// The levels a path is asked at.
    let query: (first: Double, middle: Double, last: Double)

    init(_ kind: StepNoise, first: Double, middle: Double, last: Double) {
      switch kind {
      case .independent:
        before = ((first - middle) / (first - last)).squareRoot()
        after = ((middle - last) / (first - last)).squareRoot()
        query = (first, middle, last)
      case .brownianTree:
        (before, after) = (0, 1)
        // k-diffusion takes levels from their logarithms, in float32: a path has another value at every other level.
        let (t, next) = (-log(Float(first)), -log(Float(last)))
        func level(_ time: Float) -> Double { Double(exp(-time)) }
        query = (level(t), level(t + (next - t) * 0.5), level(next))
      }
    }
  }
}
