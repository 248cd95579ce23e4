import Foundation
import TensorCore

/// Unified predictor–corrector (Zhao et al. 2023, alg. 5 to 8): each network call also corrects the step before it.
public struct UniPCSampler: Sampler {
  let scale: SigmaScale
  let form: DPMSolverForm
  /// B(h) = h in place of eʰ − 1.
  let isFirstVariant: Bool

  public init(_ config: SchedulerConfig, schedule: ScheduleName? = nil, ays: AlignYourSteps = .stableDiffusion) {
    let config = config.adapted(to: "UniPCMultistepScheduler")
    scale = SigmaScale("unipc", config, .dpmSolver, schedule, ays: ays)
    form = config.given.predictX0 ?? true ? .clean : .noise
    isFirstVariant = config.given.solverType == "bh1"
  }

  public func plan(steps: Int) throws(SamplerError) -> SamplingPlan {
    scale.preservingPlan(try scale.sigmas(steps: steps), steps: steps)
  }

  public func sample(
    _ x: Tensor, plan: SamplingPlan, noise: inout NoiseSource, predict: ModelPrediction,
    onStep: (SamplingStep) throws -> Tensor?
  ) throws -> Tensor {
    let (count, highest) = (plan.timesteps.count, scale.config.solverOrder)
    let uncorrected = Set(scale.config.given.disableCorrector ?? [])
    var x = x
    // Newest first.
    var predictions: [Tensor] = []
    var last: (sample: Tensor, order: Int)?
    for i in plan.indices {
      let prediction = try scale.prediction(x, form, of: plan, at: i, predict)
      if let last, !uncorrected.contains(i - 1) {
        x = step(last.sample, predictions, at: i - 1, of: plan, order: last.order, corrector: prediction)
      }
      predictions = [prediction] + predictions.prefix(highest - 1)
      // The difference quotients have no meaning for a step to no noise.
      let isLower = scale.config.lowerOrderFinal || plan.sigmas[i + 1] == 0
      let order = min(highest, predictions.count, isLower ? count - i : highest)
      last = (x, order)
      x = step(x, predictions, at: i, of: plan, order: order, corrector: nil)
      x = try onStep(SamplingStep(i, of: plan, sample: x)) ?? x
    }
    return x
  }

  /// The step from level i to the next: predicted, or corrected with the prediction made after it.
  private func step(
    _ x: Tensor, _ predictions: [Tensor], at i: Int, of plan: SamplingPlan, order: Int, corrector: Tensor?
  ) -> Tensor {
    let (from, to) = (plan.levels[i], plan.levels[i + 1])
    let plain = DPMSolverStep(form, from: plan.sigmas[i], to: plan.sigmas[i + 1])
    guard plan.sigmas[i + 1] > 0 else {
      return Tensor.combination([(plain.keep, x), (plain.first, predictions[0])])
    }
    func lambda(_ index: Int) -> Double { -log(plan.sigmas[index]) }
    let h = lambda(i + 1) - lambda(i)
    let places = (1..<max(order, 1)).map { (lambda(i - $0) - lambda(i)) / h }
    let hh = form.predictsClean ? -h : h
    let size = isFirstVariant ? hh : expm1(hh)
    let weights =
      corrector == nil
      ? Self.predictorWeights(places, hh, size) : Self.correctorWeights(places + [1], hh, size)
    // Differences of the older predictions, and of the newer one, to the newest known.
    let scaleOfAll = -(form.predictsClean ? to.signal : to.noise) * size
    var factors = zip(weights, places).map { scaleOfAll * $0 / $1 }
    var others = Array(predictions[1..<order])
    if let corrector, let weight = weights.last {
      factors.append(scaleOfAll * weight)
      others.append(corrector)
    }
    let keep = form.predictsClean ? to.noise / from.noise : to.signal / from.signal
    return Tensor.combination(
      [(keep, x), (plain.first - factors.reduce(0, +), predictions[0])] + zip(factors, others))
  }

  private static func predictorWeights(_ places: [Double], _ hh: Double, _ size: Double) -> [Double] {
    switch places.count {
    case 0: []
    // The published code fixes this one at its limit for small steps.
    case 1: [0.5]
    default: solve(places, moments(hh, size, count: places.count))
    }
  }

  private static func correctorWeights(_ places: [Double], _ hh: Double, _ size: Double) -> [Double] {
    places.count == 1 ? [0.5] : solve(places, moments(hh, size, count: places.count))
  }

  /// `n! φₙ₊₁(h) h / B(h)` for n from 1 (eq. 5).
  private static func moments(_ hh: Double, _ size: Double, count: Int) -> [Double] {
    var phi = expm1(hh) / hh - 1
    var factorial = 1.0
    return (1...count).map { n in
      let moment = phi * factorial / size
      factorial *= Double(n + 1)
      phi = phi / hh - 1 / factorial
      return moment
    }
  }

  /// Solves the Vandermonde system `Σ wⱼ placesⱼⁿ = momentsₙ`, n from 0, of size 2 or 3, by Lagrange's polynomials.
  private static func solve(_ places: [Double], _ moments: [Double]) -> [Double] {
    places.indices.map { j in
      // Coefficients, lowest first, of the polynomial that is 1 at place j and 0 at the others.
      var polynomial = [1.0]
      for (k, place) in places.enumerated() where k != j {
        let divisor = places[j] - place
        let shifted = [0] + polynomial
        let kept = polynomial + [0]
        polynomial = zip(shifted, kept).map { ($0 - place * $1) / divisor }
      }
      return zip(polynomial, moments).reduce(0) { $0 + $1.0 * $1.1 }
    }
  }
}
