import Foundation
import TensorCore

/// DPM-Solver of third order that chooses its steps by the difference to its second-order solution (Lu et al. 2022,
/// appendix C; k-diffusion's `sample_dpm_adaptive`), from the model's highest noise level to its lowest.
///
/// The number of steps asked for decides nothing but where image to image enters and how far a prompt's schedule is.
/// Each picture has steps of its own, so that it does not depend on its neighbours; in a batch that costs a call of the
/// whole batch for every picture.
public struct DPMAdaptiveSampler: Sampler {
  let scale: SigmaScale
  /// Fresh noise; 0 is the deterministic solver.
  let eta: Double
  let relativeTolerance, absoluteTolerance: Float
  /// The first step in ln σ, and the share of the step proposed from which one is accepted.
  private static let (firstStep, acceptance) = (0.05, 0.81)

  /// - Parameters:
  ///   - eta: 1 is what AUTOMATIC1111 uses.
  ///   - schedule: a list of noise levels, where image to image enters; k-diffusion's own if nil.
  ///   - relativeTolerance, absoluteTolerance: of a step, the larger one for each value.
  public init(
    _ config: SchedulerConfig, eta: Double = 1, schedule: ScheduleName? = nil, ays: AlignYourSteps = .stableDiffusion,
    relativeTolerance: Float = 0.05, absoluteTolerance: Float = 0.0078
  ) {
    scale = SigmaScale(
      "dpm-adaptive", config.adapted(to: "HeunDiscreteScheduler"), .kDiffusion, schedule ?? .uniform, ays: ays)
    (self.eta, self.relativeTolerance, self.absoluteTolerance) = (eta, relativeTolerance, absoluteTolerance)
  }

  /// The schedule's levels, of which only the ends are visited.
  public func plan(steps: Int) throws(SamplerError) -> SamplingPlan {
    // Without the last one, which is no noise; the schedule may have a step more or less than asked for.
    let levels = try scale.sigmas(steps: steps).sigmas.dropLast()
    let whole = [scale.table.largest] + levels.dropFirst() + [scale.table.smallest]
    var plan = plan(over: whole, steps: steps)
    plan.later = { step in
      let left = levels.dropFirst(min(step, levels.count - 1))
      return self.plan(over: Array(left) + left.suffix(1), steps: steps)
    }
    return plan
  }

  private func plan(over levels: [Double], steps: Int) -> SamplingPlan {
    let timesteps = levels.dropLast().map { scale.table.timestep(of: $0) }
    return scale.explodingPlan(SigmaSchedule(timesteps: timesteps, sigmas: levels), steps: steps)
  }

  public func sample(
    _ x: Tensor, plan: SamplingPlan, noise: inout NoiseSource, predict: ModelPrediction,
    onStep: (SamplingStep) throws -> Tensor?
  ) throws -> Tensor {
    guard !plan.indices.isEmpty else { return x }
    let pictures = x.shape[0]
    if pictures == 1 { return try picture(x, plan, &noise, predict, onStep) }
    let start = noise
    let results = try (0..<pictures).map { index in
      /// The batch the network and the caller know, all of it this picture.
      func spread(_ one: Tensor) -> Tensor { Tensor.concatenate(Array(repeating: one, count: pictures), axis: 0) }
      func own(_ all: Tensor) -> Tensor { all.slice(axis: 0, from: index, count: 1) }
      var source = RowOfNoise(start, pictures: pictures, index: index)
      let result = try picture(
        own(x), plan, &source, { try own(predict(spread($0), $1, $2)) },
        { step in
          let all = SamplingStep(
            step.index, of: step.count, timestep: step.timestep, sample: spread(step.sample), level: step.level)
          return try onStep(all).map(own)
        })
      noise = source.source
      return result
    }
    return Tensor.concatenate(results, axis: 0)
  }

  /// The noise of one picture of a batch.
  private struct RowOfNoise: NormalNoise {
    var source: NoiseSource
    let pictures, index: Int

    init(_ source: NoiseSource, pictures: Int, index: Int) {
      (self.source, self.pictures, self.index) = (source, pictures, index)
    }

    mutating func normal(_ shape: [Int], device: Device) -> Tensor {
      source.normal([pictures] + shape[1...], device: device).slice(axis: 0, from: index, count: 1)
    }
  }

  /// One picture's run.
  private func picture<Noise: NormalNoise>(
    _ x: Tensor, _ plan: SamplingPlan, _ noise: inout Noise, _ predict: ModelPrediction,
    _ onStep: (SamplingStep) throws -> Tensor?
  ) throws -> Tensor {
    let (first, last) = (-log(plan.sigmas[0]), -log(plan.sigmas[plan.sigmas.count - 1]))
    var (x, lower, s, h, calls) = (x, x, first, Self.firstStep, 0)
    while s < last - 1e-5 {
      let t = min(last, s + h)
      let target = AncestralStep.target(from: s, to: t, limit: last, eta: eta)
      let group = DPMSolverGroup(start: s, end: target.end, order: 3)
      let begin = x
      var (high, slopes) = (x, [Tensor]())
      for time in group.times {
        let sigma = exp(-time)
        slopes.append(
          try scale.slope(
            high, sigma: sigma, timestep: scale.told(sigma: sigma),
            step: min(calls, plan.timesteps.count - 1), predict))
        high = group.advanced(begin, slopes: slopes)
        calls += 1
      }
      let low = group.lower(begin, slopes: slopes)
      let error = error(of: low, against: high, previous: lower)
      // The integrating controller of order 1 / 3, with fresh noise of 2 / 3; a step at most 2.6 times as long.
      let factor = 1 + atan(pow(1 / (error + 1e-8), eta > 0 ? 1 / 1.5 : 1.0 / 3) - 1)
      guard factor.isFinite, factor * h > 1e-9 else { throw SamplerError.diverged(sampler: scale.name, sigma: exp(-s)) }
      h *= factor
      guard factor >= Self.acceptance else { continue }
      (lower, x, s) = (low, high, t)
      if eta > 0 {
        let fresh = noise.normal(x.shape, device: x.device)
        if target.up > 0 { x = x.scaled(by: 1, adding: fresh, times: Float(target.up)) }
      }
      let share = (s - first) / (last - first)
      let step = SamplingStep(
        min(Int(share * Double(plan.timesteps.count)), plan.timesteps.count - 1), of: plan.timesteps.count,
        timestep: scale.told(sigma: exp(-s)), sample: x, level: NoiseLevel(signal: 1, noise: exp(-s)))
      x = try onStep(step) ?? x
    }
    return x
  }

  /// The root mean square of the difference in units of what is allowed.
  private func error(of low: Tensor, against high: Tensor, previous: Tensor) -> Double {
    let size = Tensor.maximum(low.applying(.abs), previous.applying(.abs))
    let allowed = Tensor.maximum(
      size * relativeTolerance, Tensor(repeating: absoluteTolerance, shape: [1], device: low.device))
    return (((low - high) / allowed).sumOfSquares / Double(low.count)).squareRoot()
  }
}

/// What standard normal noise is drawn from.
protocol NormalNoise {
  mutating func normal(_ shape: [Int], device: Device) -> Tensor
}

extension NoiseSource: NormalNoise {}
