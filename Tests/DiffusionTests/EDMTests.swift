import Checkpoints
import Diffusion
import Foundation
import ReferenceSupport
import TensorCore
import TestSupport
import Testing

/// Networks on continuous noise levels: the samplers against diffusers' EDM schedulers, and what goes with them.
@Suite struct EDMTests {
  static let names = [
    "edm_euler", "edm_euler_cos", "edm_euler_rho", "edm_multi", "edm_multi_cos", "edm_multi_first", "edm_multi_heun",
    "edm_multi_3", "edm_multi_sde",
  ]

  private func file() throws -> TensorFile { try TensorFile(fixtureURL("edm/schedulers.safetensors")) }

  @Test func everySetupIsCovered() throws {
    #expect(Set(SchedulerSetup.names(in: try file())) == Set(Self.names))
  }

  /// 1e-5 of the range: diffusers computes a step's scalars in float32, and its samples start 80 times as large as
  /// they end; the multistep samplers keep samples' variance here, which is divided out.
  @Test(arguments: names, [6, 17])
  func trajectory(name: String, steps: Int) throws {
    let file = try file()
    let setup = try SchedulerSetup(named: name, in: file.metadata)
    let plan = try setup.sampler.plan(steps: steps)
    let key = "\(name).\(steps)"
    expectClose(plan.timesteps, try file.tensor("\(key).timesteps").floats(), atol: 2e-6, "timesteps of \(key)")
    expectMatch(
      plan.sigmas.map { Float($0) }, try file.tensor("\(key).sigmas").floats(), tolerance: 1e-6, "levels of \(key)")
    var noise = NoiseSource(.torchBatch, seeds: [7])
    let start = setup.sampler.enter(noise.normal([1, 2, 4, 4]), plan: plan)
    func exploded(_ x: Tensor, _ level: NoiseLevel) -> [Float] {
      (x * Float(1 / level.signal)).channelsFirstFloats()
    }
    expectMatch(
      exploded(start, plan.levels[0]), try file.tensor("\(key).x0").floats(), tolerance: 1e-5, "\(key) start")
    let stored = try file.tensor("\(key).traj").floats()
    var visited = 0
    _ = try setup.sampler.sample(
      start, plan: plan, noise: &noise, predict: { x, t, _ in SchedulerSetup.standIn(x, t) },
      onStep: { step in
        let part = Array(stored[(visited * 32)..<((visited + 1) * 32)])
        expectMatch(exploded(step.sample, step.level), part, tolerance: 1e-5, "\(key), step \(step.index)")
        visited += 1
        return nil
      })
    #expect(visited == steps)
  }

  private func config(_ text: String) throws -> SchedulerConfig {
    try JSONDecoder().decode(SchedulerConfig.self, from: Data(text.utf8))
  }

  /// Samplers that count in training timesteps have none to count in.
  @Test(arguments: [SamplerName.ddim, .ddpm, .pndm, .lcm, .tcd, .ddimInverse, .flowEuler])
  func otherSamplersAreRefused(name: SamplerName) throws {
    let sampler = name.make(try config(#"{"_class_name": "EDMEulerScheduler"}"#), eta: 0)
    #expect(throws: SamplerError.self) { try sampler.plan(steps: 4) }
  }

  @Test(arguments: [ScheduleName.leading, .trailing, .linspace, .ays])
  func spacingsOfTimestepsAreRefused(schedule: ScheduleName) throws {
    let sampler = SamplerName.euler.make(
      try config(#"{"_class_name": "EDMEulerScheduler"}"#), eta: 0, schedule: schedule)
    #expect(throws: SamplerError.self) { try sampler.plan(steps: 4) }
  }

  /// The model's levels stay when another class's sampler is chosen, and are written again.
  @Test func settingsStay() throws {
    let text = #"{"_class_name": "EDMDPMSolverMultistepScheduler", "sigma_max": 60, "sigma_data": 0.7, "rho": 5}"#
    let config = try config(text)
    let plan = try SamplerName.heun.make(config, eta: 0).plan(steps: 5)
    #expect(abs(plan.sigmas[0] - 60) < 1e-4 && plan.sigmas.last == 0)
    #expect(abs(plan.timesteps[0] - Float(log(60.0) / 4)) < 1e-6)
    let again = try JSONDecoder().decode(SchedulerConfig.self, from: JSONEncoder().encode(config))
    #expect(again.edm == EDMSettings(sigmaMax: 60, sigmaData: 0.7, rho: 5) && again.className == config.className)
  }

  /// What the preview takes for the clean sample is what the sampler does.
  @Test(arguments: [
    #"{"_class_name": "EDMEulerScheduler"}"#,
    #"{"_class_name": "EDMEulerScheduler", "prediction_type": "v_prediction", "sigma_data": 1}"#,
    #"{"timestep_type": "continuous", "prediction_type": "v_prediction", "_class_name": "EulerDiscreteScheduler"}"#,
  ])
  func cleanEstimate(text: String) throws {
    try SchedulerSetup.expectOneStepEndsInTheCleanSample(.euler, config(text), tolerance: 1e-4, text)
  }
}
