import Foundation
import TensorCore

/// Diffusion exponential integrator (Zhang & Chen 2023, eq. 15): past noise predictions as a polynomial in ln σ,
/// integrated exactly.
public struct DEISSampler: Sampler {
  let scale: SigmaScale

  public init(_ config: SchedulerConfig, schedule: ScheduleName? = nil, ays: AlignYourSteps = .stableDiffusion) {
    var config = config.adapted(to: "DEISMultistepScheduler")
    // It works in ln σ and cannot go to no noise.
    config.finalSigmasType = .sigmaMin
    scale = SigmaScale("deis", config, .dpmSolver, schedule, ays: ays)
  }

  public func plan(steps: Int) throws(SamplerError) -> SamplingPlan {
    var levels = try scale.sigmas(steps: steps)
    // The schedule may have a step more or less than asked for.
    let last = levels.sigmas.count - 1
    if levels.sigmas[last] == 0 { levels.sigmas[last] = scale.table.smallest }
    return scale.preservingPlan(levels, steps: steps)
  }

  public func sample(
    _ x: Tensor, plan: SamplingPlan, noise: inout NoiseSource, predict: ModelPrediction,
    onStep: (SamplingStep) throws -> Tensor?
  ) throws -> Tensor {
    var x = x
    // Newest first.
    var predictions: [Tensor] = []
    let isShort = scale.config.lowerOrderFinal && plan.timesteps.count < 15
    for i in plan.indices {
      let prediction = try scale.prediction(x, .noise, of: plan, at: i, predict)
      predictions = [prediction] + predictions.prefix(scale.config.solverOrder - 1)
      let order = min(predictions.count, isShort ? plan.timesteps.count - i : 3)
      let nodes = (0..<order).map { plan.sigmas[i - $0] }
      let (signal, next) = (plan.levels[i].signal, plan.levels[i + 1].signal)
      let weights = Self.weights(nodes, to: plan.sigmas[i + 1]).map { next * $0 }
      x = Tensor.combination([(next / signal, x)] + zip(weights, predictions))
      x = try onStep(SamplingStep(i, of: plan, sample: x)) ?? x
    }
    return x
  }

  /// Integrals over σ, from the first of `nodes` to `end`, of the polynomials in ln σ that are 1 at one node and 0 at
  /// the others.
  private static func weights(_ nodes: [Double], to end: Double) -> [Double] {
    // With v = ln(σ / σ₀): ∫ vᵏ dσ = σ₀ ∫ vᵏ eᵛ dv.
    let v = log(end / nodes[0])
    let flat = expm1(v)
    let linear = v * exp(v) - flat
    let square = v * v * exp(v) - 2 * linear
    let moments = [flat, linear, square].map { $0 * nodes[0] }
    let places = nodes.map { log($0 / nodes[0]) }
    switch nodes.count {
    case 1: return [moments[0]]
    case 2: return [moments[0] - moments[1] / places[1], moments[1] / places[1]]
    default:
      let (a, b) = (places[1], places[2])
      return [
        (moments[2] - (a + b) * moments[1] + a * b * moments[0]) / (a * b),
        (moments[2] - b * moments[1]) / (a * (a - b)), (moments[2] - a * moments[1]) / (b * (b - a)),
      ]
    }
  }
}
