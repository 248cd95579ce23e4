import Foundation
import TensorCore

/// DPM-Solver and DPM-Solver++ with up to three past predictions (Lu et al. 2022 and 2023): DPM++ 2M, 2M SDE, 3M, 3M
/// SDE.
public struct DPMSolverMultistepSampler: Sampler {
  let scale: SigmaScale
  let form: DPMSolverForm
  /// 1 to 3.
  let order: Int
  /// Of the second-order step: midpoint or Heun's rule.
  let usesMidpoint: Bool

  public init(
    _ config: SchedulerConfig, order: Int, stochastic: Bool, midpoint: Bool = true, schedule: ScheduleName? = nil,
    ays: AlignYourSteps = .stableDiffusion, name: String = "dpmpp-2m"
  ) {
    let config = config.adapted(to: "DPMSolverMultistepScheduler")
    scale = SigmaScale(name, config, .dpmSolver, schedule, ays: ays)
    let ofNoise = config.algorithmType == "dpmsolver" || config.algorithmType == "sde-dpmsolver"
    form =
      stochastic ? (ofNoise ? .stochasticNoise : .stochasticClean) : (ofNoise ? .noise : .clean)
    // There is no third-order step of that form.
    self.order = form == .stochasticNoise ? min(order, 2) : order
    usesMidpoint = midpoint
  }

  public func plan(steps: Int) throws(SamplerError) -> SamplingPlan {
    // AUTOMATIC1111 leaves out a level for 3M SDE.
    let drops = order == 3 && form.isStochastic
    return scale.preservingPlan(try scale.sigmas(steps: steps, dropsNextToLast: drops), steps: steps)
  }

  public func sample(
    _ x: Tensor, plan: SamplingPlan, noise: inout NoiseSource, predict: ModelPrediction,
    onStep: (SamplingStep) throws -> Tensor?
  ) throws -> Tensor {
    var x = x
    // Newest first.
    var predictions: [Tensor] = []
    for i in plan.indices {
      let prediction = try scale.prediction(x, form, of: plan, at: i, predict)
      predictions = [prediction] + predictions.prefix(order - 1)
      let step = DPMSolverStep(form, from: plan.sigmas[i], to: plan.sigmas[i + 1])
      let fresh =
        form.isStochastic
        ? noise.normal(x.shape, from: plan.sigmas[i], to: plan.sigmas[i + 1], of: plan, device: x.device) : nil
      let weights = weights(step, plan, at: i, order: order(at: i, of: plan, known: predictions.count))
      x = Tensor.combination([(step.keep, x)] + zip(weights, predictions))
      if let fresh, step.noise > 0 { x = x.scaled(by: 1, adding: fresh, times: Float(step.noise)) }
      x = try onStep(SamplingStep(i, of: plan, sample: x)) ?? x
    }
    return x
  }

  /// Low at the ends of a run, where there is no history or the step is to no noise at all.
  private func order(at i: Int, of plan: SamplingPlan, known: Int) -> Int {
    let left = plan.timesteps.count - i
    let isShort = scale.named == nil && scale.config.lowerOrderFinal && plan.timesteps.count < 15
    let isEuler = scale.named == nil && (scale.config.given.eulerAtFinal ?? false)
    if left == 1, isEuler || isShort || plan.sigmas[i + 1] == 0 { return 1 }
    return min(order, known, left == 2 && isShort ? 2 : 3)
  }

  /// Factors of the predictions, newest first.
  private func weights(_ step: DPMSolverStep, _ plan: SamplingPlan, at i: Int, order: Int) -> [Double] {
    func lambda(_ index: Int) -> Double { -log(plan.sigmas[index]) }
    guard order > 1 else { return [step.first] }
    let h = lambda(i + 1) - lambda(i)
    let r0 = (lambda(i) - lambda(i - 1)) / h
    if order == 2 {
      let slope = (usesMidpoint ? step.midpoint : step.second) / r0
      return [step.first + slope, -slope]
    }
    let r1 = (lambda(i - 1) - lambda(i - 2)) / h
    // D1 and D2 through the divided differences (m0 − m1) / r0 and (m1 − m2) / r1.
    let curvature = (step.second * r0 + step.third) / (r0 + r1)
    let (near, far) = ((step.second + curvature) / r0, -curvature / r1)
    return [step.first + near, far - near, -far]
  }
}

extension SigmaScale {
  /// What a DPM-Solver works with: the predicted clean sample or the predicted noise.
  func prediction(
    _ x: Tensor, _ form: DPMSolverForm, of plan: SamplingPlan, at i: Int, _ predict: ModelPrediction
  ) throws -> Tensor {
    let level = plan.levels[i]
    if config.edm != nil || config.isFlow {
      let clean = try clean(
        x * Float(1 / level.signal), sigma: plan.sigmas[i], timestep: plan.timesteps[i], step: i, predict)
      return form.predictsClean
        ? clean : x.scaled(by: Float(1 / level.noise), adding: clean, times: Float(-level.signal / level.noise))
    }
    let output = try predict(x, plan.timesteps[i], i)
    let (clean, noise) = denoised.cleanAndNoise(output, x, level: level)
    if form.predictsClean { return limit.apply(clean) }
    guard limit.isOn else { return noise }
    return x.scaled(
      by: Float(1 / level.noise), adding: limit.apply(clean), times: Float(-level.signal / level.noise))
  }
}
