import Foundation
import TensorCore

/// DPM-Solver and DPM-Solver++ in groups of one to three steps, each group a Runge–Kutta step from where it began (Lu
/// et al. 2022, alg. 1 and 2): DPM++ 2S and 3S.
public struct DPMSolverSinglestepSampler: Sampler {
  let scale: SigmaScale
  let form: DPMSolverForm
  /// 1 to 3.
  let order: Int
  let usesMidpoint: Bool

  /// - Parameter config: its `algorithm_type`, `solver_order` and `solver_type` are used.
  public init(_ config: SchedulerConfig, schedule: ScheduleName? = nil, ays: AlignYourSteps = .stableDiffusion) {
    let config = config.adapted(to: "DPMSolverSinglestepScheduler")
    scale = SigmaScale("dpmpp-2s", config, .dpmSolver, schedule, ays: ays)
    form = DPMSolverForm(rawValue: config.algorithmType) ?? .clean
    order = config.solverOrder
    usesMidpoint = config.given.solverType != "heun"
  }

  public func plan(steps: Int) throws(SamplerError) -> SamplingPlan {
    scale.preservingPlan(try scale.sigmas(steps: steps), steps: steps)
  }

  public func sample(
    _ x: Tensor, plan: SamplingPlan, noise: inout NoiseSource, predict: ModelPrediction,
    onStep: (SamplingStep) throws -> Tensor?
  ) throws -> Tensor {
    let orders = orders(plan)
    var (x, base) = (x, x)
    // Newest first.
    var predictions: [Tensor] = []
    for i in plan.indices {
      let prediction = try scale.prediction(x, form, of: plan, at: i, predict)
      predictions = [prediction] + predictions.prefix(order - 1)
      let fresh = form.isStochastic ? noise.normal(x.shape, device: x.device) : nil
      let order = min(orders[i], predictions.count)
      if order == 1 { base = x }
      let step = DPMSolverStep(form, from: plan.sigmas[i - order + 1], to: plan.sigmas[i + 1])
      x = Tensor.combination([(step.keep, base)] + zip(weights(step, plan, at: i, order: order), predictions))
      if let fresh, step.noise > 0 { x = x.scaled(by: 1, adding: fresh, times: Float(step.noise)) }
      x = try onStep(SamplingStep(i, of: plan, sample: x)) ?? x
    }
    return x
  }

  /// The order of each step: groups of 1, 2, 3, …, with shorter ones at the end where it is asked for or needed.
  private func orders(_ plan: SamplingPlan) -> [Int] {
    let count = plan.timesteps.count
    let endsAtZero = plan.sigmas[count] == 0
    var all = (0..<count).map { $0 % order + 1 }
    // A whole number of groups is broken up where the configuration asks for it; the step to no noise is always single.
    let breaksUp = scale.config.lowerOrderFinal && count % order == 0
    if breaksUp || endsAtZero { all[count - 1] = 1 }
    return all
  }

  /// Factors of the predictions, newest first.
  private func weights(_ step: DPMSolverStep, _ plan: SamplingPlan, at i: Int, order: Int) -> [Double] {
    func lambda(_ index: Int) -> Double { -log(plan.sigmas[index]) }
    guard order > 1 else { return [step.first] }
    let start = lambda(i - order + 1)
    let h = lambda(i + 1) - start
    let r0 = (lambda(i) - start) / h
    if order == 2 {
      let slope = (usesMidpoint ? step.midpoint : step.second) / r0
      return [slope, step.first - slope]
    }
    if usesMidpoint { return [step.second / r0, 0, step.first - step.second / r0] }
    let r1 = (lambda(i - 1) - start) / h
    // D1 and D2 through the divided differences (m0 − m2) / r0 and (m1 − m2) / r1.
    let far = (2 * step.third - step.second * r1) / (r0 - r1) / r0
    let near = (step.second * r0 - 2 * step.third) / (r0 - r1) / r1
    return [far, near, step.first - near - far]
  }
}
