import Foundation
import TensorCore

/// DPM-Solver-Fast (Lu et al. 2022, §3.4): steps of third order, evenly spaced in ln σ between the ends of the model's
/// table, the last ones of lower order so that the network is called as often as asked for (k-diffusion's
/// `sample_dpm_fast`).
///
/// The result keeps the noise of the lowest level. Image to image goes from its first level to the schedule's last.
public struct DPMFastSampler: Sampler {
  let scale: SigmaScale
  let eta: Double

  /// - Parameters:
  ///   - eta: fresh noise; 0 is the deterministic solver, 1 what AUTOMATIC1111 uses.
  ///   - schedule: a list of noise levels, where image to image enters; k-diffusion's own if nil.
  public init(
    _ config: SchedulerConfig, eta: Double = 1, schedule: ScheduleName? = nil, ays: AlignYourSteps = .stableDiffusion
  ) {
    scale = SigmaScale(
      "dpm-fast", config.adapted(to: "HeunDiscreteScheduler"), .kDiffusion, schedule ?? .uniform, ays: ays)
    self.eta = eta
  }

  public func plan(steps: Int) throws(SamplerError) -> SamplingPlan {
    // Without the last one, which is no noise; the schedule may have a step more or less than asked for.
    let levels = Array(try scale.sigmas(steps: steps).sigmas.dropLast())
    var plan = plan(from: scale.table.largest, to: scale.table.smallest, calls: steps, steps: steps)
    plan.later = { step in
      self.plan(
        from: levels[min(step, levels.count - 1)], to: levels[levels.count - 1], calls: steps - step, steps: steps)
    }
    return plan
  }

  private func plan(from first: Double, to last: Double, calls: Int, steps: Int) -> SamplingPlan {
    let groups = groups(from: first, to: last, calls: calls)
    // Rounded like every list of levels; the ends are as given.
    let sigmas = [first] + groups.flatMap(\.times).dropFirst().map { Double(Float(exp(-$0))) }
    let timesteps = sigmas.map { scale.table.timestep(of: $0) }
    return scale.explodingPlan(SigmaSchedule(timesteps: timesteps, sigmas: sigmas + [last]), steps: steps)
  }

  private func groups(from first: Double, to last: Double, calls: Int) -> [DPMSolverGroup] {
    let count = calls / 3 + 1
    let low = calls % 3 == 0 ? [2, 1] : [calls % 3]
    let orders = Array(repeating: 3, count: count - low.count) + low
    let times = TimestepSpacing.linspace(-log(first), -log(last), count + 1)
    return orders.indices.map { i in
      let target = AncestralStep.target(from: times[i], to: times[i + 1], limit: -log(last), eta: eta)
      return DPMSolverGroup(start: times[i], end: target.end, order: orders[i])
    }
  }

  public func sample(
    _ x: Tensor, plan: SamplingPlan, noise: inout NoiseSource, predict: ModelPrediction,
    onStep: (SamplingStep) throws -> Tensor?
  ) throws -> Tensor {
    guard !plan.indices.isEmpty else { return x }
    let sigmas = plan.sigmas
    var x = x
    var i = 0
    for group in groups(from: sigmas[0], to: sigmas[sigmas.count - 1], calls: plan.timesteps.count) {
      let begin = x
      var slopes: [Tensor] = []
      for call in 0..<group.order {
        slopes.append(try scale.slope(x, sigma: sigmas[i], timestep: plan.timesteps[i], step: i, predict))
        x = group.advanced(begin, slopes: slopes)
        if call == group.order - 1, eta > 0 {
          // k-diffusion draws in the last step too, where the noise has no weight.
          let fresh = noise.normal(x.shape, device: x.device)
          let rest = sigmas[i + 1] * sigmas[i + 1] - exp(-2 * group.end)
          if rest > 0 { x = x.scaled(by: 1, adding: fresh, times: Float(rest.squareRoot())) }
        }
        x = try onStep(SamplingStep(i, of: plan, sample: x)) ?? x
        i += 1
      }
    }
    return x
  }
}
