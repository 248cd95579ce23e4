import Foundation
import TensorCore

/// DPM-Solver++ of second order in single steps, with fresh noise after each (k-diffusion's
/// `sample_dpmpp_2s_ancestral`): DPM++ 2S a.
public struct DPMSolverPP2SAncestralSampler: Sampler {
  let scale: SigmaScale

  public init(_ config: SchedulerConfig, schedule: ScheduleName? = nil, ays: AlignYourSteps = .stableDiffusion) {
    scale = SigmaScale(
      "dpmpp-2s-a", config.adapted(to: "KDPM2AncestralDiscreteScheduler"), .kDiffusion, schedule, ays: ays)
  }

  public func plan(steps: Int) throws(SamplerError) -> SamplingPlan {
    let levels = try scale.sigmas(steps: steps)
    let all = levels.withMidpoints(scale.table) { AncestralStep(from: $0, to: $1).down }
    return scale.explodingPlan(all, steps: steps, order: 2)
  }

  public func sample(
    _ x: Tensor, plan: SamplingPlan, noise: inout NoiseSource, predict: ModelPrediction,
    onStep: (SamplingStep) throws -> Tensor?
  ) throws -> Tensor {
    var x = x
    var begun: Tensor?
    for i in plan.indices {
      let (sigma, next) = (plan.sigmas[i], plan.sigmas[i + 1])
      let clean = try scale.clean(x, sigma: sigma, timestep: plan.timesteps[i], step: i, predict)
      if let start = begun {
        let first = plan.sigmas[i - 1]
        let split = AncestralStep(from: first, to: next)
        let fresh = noise.normal(x.shape, device: x.device)
        // x ← (down / σ) x + (1 − down / σ) clean: the exact solution for a clean sample that does not change.
        let kept = split.down / first
        x = Tensor.combination([(kept, start), (1 - kept, clean), (split.up, fresh)])
        begun = nil
      } else {
        begun = x
        x = Tensor.combination([(next / sigma, x), (1 - next / sigma, clean)])
      }
      x = try onStep(SamplingStep(i, of: plan, sample: x)) ?? x
    }
    return x
  }
}
