import Foundation
import TensorCore

/// Heun's method that goes back up from little noise and down again, which takes off errors it has made before (Xu et
/// al. 2023, "Restart Sampling for Improving Generative Processes", alg. 1), with AUTOMATIC1111's choice of restarts
/// (modules/sd_samplers_extra.py).
///
/// From 20 steps on, nine of them restart once between σ = 0.1 and 2; from 36 on, half of them restart twice. The others
/// are on Karras levels between the ends of the schedule. With fewer steps it is Heun's method on the schedule.
public struct RestartSampler: Sampler {
  let scale: SigmaScale

  /// - Parameter schedule: a list of noise levels; Karras if nil.
  public init(_ config: SchedulerConfig, schedule: ScheduleName? = nil, ays: AlignYourSteps = .stableDiffusion) {
    scale = SigmaScale(
      "restart", config.adapted(to: "HeunDiscreteScheduler"), .kDiffusion, schedule ?? .karras, ays: ays)
  }

  public func plan(steps: Int) throws(SamplerError) -> SamplingPlan {
    let levels = try scale.sigmas(steps: steps).sigmas
    var plan = plan(over: levels, steps: steps)
    plan.later = { step in self.plan(over: Array(levels[min(step, levels.count - 1)...]), steps: steps) }
    return plan
  }

  /// Each step from one level to the next has an entry at both, one to no noise only at the first.
  private func plan(over levels: [Double], steps: Int) -> SamplingPlan {
    let moves = Self.moves(over: levels)
    var sigmas = moves.flatMap { $0.to > 0 ? [$0.from, $0.to] : [$0.from] }
    let timesteps = sigmas.map { scale.table.timestep(of: $0) }
    sigmas.append(levels[levels.count - 1])
    return scale.explodingPlan(SigmaSchedule(timesteps: timesteps, sigmas: sigmas), steps: steps, order: 2)
  }

  private typealias Move = (from: Double, to: Double)

  /// The steps, restarts among them: one that begins above where the one before it ended.
  private static func moves(over levels: [Double]) -> [Move] {
    func pairs(_ list: [Double]) -> [Move] { zip(list, list.dropFirst()).map { ($0, $1) } }
    let steps = levels.count - 1
    guard steps >= 20 else { return pairs(levels) }
    let times = steps >= 36 ? 2 : 1
    let length = steps >= 36 ? steps / 4 : 9
    let main = NamedSigmas.karras(from: levels[0], to: levels[steps - 1], count: steps - length * times)
    let all = main + [0]
    func nearest(_ sigma: Double) -> Int { all.indices.min { abs(all[$0] - sigma) < abs(all[$1] - sigma) } ?? 0 }
    let (low, high) = (nearest(0.1), nearest(2))
    guard high < low else { return pairs(all) }
    let again = NamedSigmas.karras(from: all[high], to: all[low], count: length + 1)
    return pairs(Array(all[...low])) + (0..<times).flatMap { _ in pairs(again) } + pairs(Array(all[low...]))
  }

  public func sample(
    _ x: Tensor, plan: SamplingPlan, noise: inout NoiseSource, predict: ModelPrediction,
    onStep: (SamplingStep) throws -> Tensor?
  ) throws -> Tensor {
    try scale.heun(x, plan: plan, noise: &noise, predict: predict, onStep: onStep)
  }
}
