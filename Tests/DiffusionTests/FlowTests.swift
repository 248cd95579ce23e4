import Checkpoints
import Diffusion
import Foundation
import ReferenceSupport
import TensorCore
import TestSupport
import Testing

/// Samplers on a rectified flow: against diffusers', and against each other where the answer is known.
@Suite struct FlowTests {
  static let names = [
    "euler", "euler_shift", "heun", "heun_shift", "multi", "multi_shift", "multi_3", "multi_sde", "single", "unipc",
  ]

  private struct Setup: Decodable {
    let sampler: SamplerName
    let config: SchedulerConfig
  }

  private func config(_ text: String) throws -> SchedulerConfig {
    try JSONDecoder().decode(SchedulerConfig.self, from: Data(text.utf8))
  }

  private func flow(shift: Double = 1) throws -> SchedulerConfig {
    try config(#"{"_class_name": "FlowMatchEulerDiscreteScheduler", "shift": \#(shift)}"#)
  }

  /// 1e-5 of the range: diffusers computes a step's scalars in float32. The solvers keep samples' variance here, and
  /// diffusers the sum of signal and noise, which is divided out.
  @Test(arguments: names, [6, 17])
  func trajectory(name: String, steps: Int) throws {
    let file = try TensorFile(fixtureURL("flow/expected.safetensors"))
    let about = try JSONDecoder().decode(
      [String: Setup].self, from: Data(try #require(file.metadata["about"]).utf8))
    #expect(Set(about.keys) == Set(Self.names))
    let setup = try #require(about[name])
    let sampler = setup.sampler.make(setup.config, eta: 0)
    let plan = try sampler.plan(steps: steps)
    let key = "\(name).\(steps)"
    expectClose(plan.timesteps, try file.tensor("\(key).timesteps").floats(), rtol: 1e-6, "timesteps of \(key)")
    func own(_ x: Tensor, _ level: NoiseLevel) -> [Float] {
      (x * Float(1 / (level.signal + level.noise))).channelsFirstFloats()
    }
    var noise = NoiseSource(.torchBatch, seeds: [7])
    let start = sampler.enter(noise.normal([1, 2, 4, 4]), plan: plan)
    expectMatch(
      own(start, plan.levels[0]), try file.tensor("\(key).x0").floats(), tolerance: 1e-5, "\(key) start")
    let stored = try file.tensor("\(key).traj").floats()
    var visited = 0
    _ = try sampler.sample(
      start, plan: plan, noise: &noise, predict: { x, t, _ in SchedulerSetup.standIn(x, t) },
      onStep: { step in
        let part = Array(stored[(visited * 32)..<((visited + 1) * 32)])
        expectMatch(own(step.sample, step.level), part, tolerance: 1e-5, "\(key), step \(step.index)")
        visited += 1
        return nil
      })
    #expect(visited == plan.timesteps.count && stored.count == visited * 32)
  }

  // MARK: - Where the answer is known

  /// Data of deviation c: the best velocity is `(t − (1 − t) c²) x / ((1 − t)² c² + t²)`, and the deterministic path
  /// keeps `x / √((1 − t)² c² + t²)`.
  private static let deviation = 0.5

  private func best(_ x: Tensor, _ t: Float) -> Tensor {
    let time = Double(t) / 1000
    let c = Self.deviation * Self.deviation
    return x * Float((time - (1 - time) * c) / ((1 - time) * (1 - time) * c + time * time))
  }

  private func run(_ name: SamplerName, steps: Int, shape: [Int]) throws -> (start: Tensor, end: Tensor) {
    let sampler = name.make(try flow(shift: 2), eta: 0)
    let plan = try sampler.plan(steps: steps)
    var noise = NoiseSource(.torch, seeds: [5])
    let start = noise.normal(shape)
    let end = try sampler.sample(
      sampler.enter(start, plan: plan), plan: plan, noise: &noise, predict: { x, t, _ in best(x, t) },
      onStep: { _ in nil })
    return (start, end)
  }

  private static let all = SamplerName.allCases.filter {
    ![.ddpm, .ddim, .ddimInverse, .pndm, .lcm, .tcd].contains($0)
  }

  /// Whatever runs on a flow ends at the data: deterministic methods at the start's own place.
  @Test(arguments: all)
  func reachesTheData(name: SamplerName) throws {
    let (start, end) = try run(name, steps: 100, shape: [1, 48, 48, 4])
    guard !name.isStochastic else {
      let deviation = (end.sumOfSquares / Double(end.count)).squareRoot()
      // The deviation of 9216 values is known to 0.7 %, and steps of first order leave 3 %.
      #expect(abs(deviation / Self.deviation - 1) < 0.06, "deviation \(deviation)")
      return
    }
    let error = ((end - start * Float(Self.deviation)).sumOfSquares / start.sumOfSquares).squareRoot()
    #expect(error < 0.02, "error \(error)")
  }

  /// Named schedules run over the flow's own levels.
  @Test(arguments: [ScheduleName.karras, .exponential, .sgmUniform, .simple, .uniform, .klOptimal, .ddim])
  func namedSchedules(schedule: ScheduleName) throws {
    for name in [SamplerName.euler, .heun, .dpmpp2M] {
      let sampler = name.make(try flow(shift: 2), eta: 0, schedule: schedule)
      let plan = try sampler.plan(steps: 20)
      #expect(plan.timesteps.first.map { $0 > 990 && $0 < 1000 } ?? false, "\(name) \(schedule)")
      #expect(zip(plan.timesteps, plan.timesteps.dropFirst()).allSatisfy { $0 >= $1 })
      var noise = NoiseSource(.torch, seeds: [5])
      let start = noise.normal([1, 4, 4, 4])
      let end = try sampler.sample(
        sampler.enter(start, plan: plan), plan: plan, noise: &noise, predict: { x, t, _ in best(x, t) },
        onStep: { _ in nil })
      let error = ((end - start * 0.5).sumOfSquares / start.sumOfSquares).squareRoot()
      #expect(error < 0.15, "\(name) \(schedule): \(error)")
    }
  }

  /// Euler's method is the same in both forms, so that a solver of first order makes its picture.
  @Test func eulerIsTheSolversFirstOrder() throws {
    let config = try flow(shift: 2)
    let plan = try DPMSolverMultistepSampler(config, order: 1, stochastic: false).plan(steps: 8)
    var noise = NoiseSource(.torch, seeds: [5])
    let start = noise.normal([1, 4, 4, 4])
    let solved = try DPMSolverMultistepSampler(config, order: 1, stochastic: false).sample(
      start * Float(plan.initialNoiseScale), plan: plan, noise: &noise, predict: { x, t, _ in best(x, t) },
      onStep: { _ in nil })
    var x = start
    for (t, next) in zip(plan.timesteps, plan.timesteps.dropFirst() + [0]) {
      x = x.scaled(by: 1, adding: best(x, t), times: (next - t) / 1000)
    }
    expectMatch(solved.floats(), x.floats(), tolerance: 1e-5, "first order")
  }

  /// What the preview takes for the clean sample is what one step to no noise ends in. From σ = 3000 on float32 leaves three
  /// digits.
  @Test(arguments: [SamplerName.flowEuler, .heun, .dpmpp2M, .lms, .eulerAncestral])
  func cleanEstimate(name: SamplerName) throws {
    try SchedulerSetup.expectOneStepEndsInTheCleanSample(
      name, flow(shift: 3), tolerance: 1e-3, "\(name)")
  }

  // MARK: - Files

  /// Samplers that count in training timesteps have none to count in; spacings of timesteps mean nothing.
  @Test(arguments: [SamplerName.ddim, .ddpm, .pndm, .lcm, .tcd, .ddimInverse])
  func otherSamplersAreRefused(name: SamplerName) throws {
    #expect(throws: SamplerError.self) { try name.make(try flow(), eta: 0).plan(steps: 4) }
    for schedule in [ScheduleName.trailing, .ays, .beta] {
      #expect(throws: SamplerError.self) {
        try SamplerName.euler.make(try flow(), eta: 0, schedule: schedule).plan(steps: 4)
      }
    }
  }

  /// What stands for another flow than is sampled is refused by name.
  @Test(arguments: [
    (#""use_dynamic_shifting": true"#, "use_dynamic_shifting"), (#""invert_sigmas": true"#, "invert_sigmas"),
    (#""shift": 0"#, "shift"), (#""shift_terminal": 2"#, "shift_terminal"),
    (#""prediction_type": "epsilon""#, "prediction_type"), (#""unheard_of": 1"#, "unheard_of"),
  ])
  func refusedByName(text: String, key: String) throws {
    for name in [SamplerName.flowEuler, .heun, .dpmpp2M] {
      #expect {
        let config = try config(#"{"_class_name": "FlowMatchEulerDiscreteScheduler", \#(text)}"#)
        _ = try name.make(config, eta: 0).plan(steps: 4)
      } throws: { "\(($0 as? DecodingError)?.oneLine ?? "\($0)")".contains(key) }
    }
  }

  /// A solver's own file of a flow is not read yet, and no other class takes one's prediction.
  @Test(arguments: ["DPMSolverMultistepScheduler", "UniPCMultistepScheduler", "DDIMScheduler"])
  func otherClassesAreNoFlows(className: String) {
    #expect {
      _ = try config(#"{"_class_name": "\#(className)", "prediction_type": "flow_prediction"}"#)
    } throws: { "\(($0 as? DecodingError)?.oneLine ?? "\($0)")".contains("prediction_type") }
  }

  /// A flow's file holds what a flow has, and reads back as the same.
  @Test func writtenAgain() throws {
    let config = try config(
      #"{"_class_name": "FlowMatchEulerDiscreteScheduler", "shift": 3.0, "num_train_timesteps": 500}"#)
    #expect(config.isContinuous && config.predictionType == .flow && config.flow?.shift == 3)
    let data = try JSONEncoder().encode(config)
    let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    #expect(Set(object.keys) == ["_class_name", "shift", "num_train_timesteps"])
    #expect(try JSONDecoder().decode(SchedulerConfig.self, from: data) == config)
    #expect(SamplerName(config) == .flowEuler)
    #expect(SamplerName(try self.config(#"{"_class_name": "FlowMatchHeunDiscreteScheduler"}"#)) == .heun)
  }
}
