import Checkpoints
import Diffusion
import ReferenceSupport
import TensorCore
import TestSupport
import Testing

/// Noise levels and samplers by the conventions of k-diffusion and AUTOMATIC1111.
@Suite struct KDiffusionTests {
  private let file: TensorFile

  init() throws { file = try TensorFile(fixtureURL("samplers_k_diffusion/expected.safetensors")) }

  static let schedules = ScheduleName.allCases.filter { ![.default, .leading, .trailing, .linspace].contains($0) }

  /// The reference computes powers and exponentials in float32: up to 1e-6 off.
  @Test(arguments: schedules, [7, 11, 20])
  func levels(schedule: ScheduleName, steps: Int) throws {
    for isXL in schedule == .ays ? [false, true] : [false] {
      let key = "sigmas.\(schedule.rawValue)\(isXL ? ".xl" : "").\(steps)"
      let stored = try file.tensor(key).floats()
      for name in [SamplerName.euler, .dpmpp2M] {
        let sampler = name.make(
          SchedulerConfig(), eta: 0, schedule: schedule, ays: isXL ? .stableDiffusionXL : .stableDiffusion)
        let plan = try sampler.plan(steps: steps)
        expectClose(plan.sigmas.map { Float($0) }, stored, rtol: 1.5e-6, "\(name) \(key)")
        // Samples start as noise of the first level.
        let start = name == .euler ? plan.sigmas[0] : plan.levels[0].noise
        #expect(plan.initialNoiseScale == start)
        #expect(plan.timesteps.allSatisfy { $0 >= 0 && $0 <= 999 })
      }
    }
  }

  static let samplers: [SamplerName] = [
    .lms, .euler, .eulerAncestral, .heun, .dpm2, .dpm2Ancestral, .dpmpp2SAncestral, .dpmppSDE, .dpmpp2M, .dpmpp2MSDE,
    .dpmpp2MSDEHeun, .dpmpp3MSDE,
  ]

  /// Results of k-diffusion's own functions, on Karras levels; tolerance as for diffusers' trajectories.
  @Test(arguments: samplers)
  func run(name: SamplerName) throws {
    let sampler = name.make(SchedulerConfig(), eta: 0, schedule: .karras)
    let plan = try sampler.plan(steps: 9)
    var noise = NoiseSource(.torchBatch, seeds: [7])
    let start = sampler.enter(noise.normal([1, 2, 4, 4]), plan: plan)
    let end = try sampler.sample(
      start, plan: plan, noise: &noise, predict: { x, t, _ in SchedulerSetup.standIn(x, t) }, onStep: { _ in nil })
    expectMatch(
      end.channelsFirstFloats(), try file.tensor("run.\(name.rawValue)").floats(), tolerance: 1e-5, name.rawValue)
  }

  /// A run that ends at a noise level above zero is a full second-order step there too.
  @Test(arguments: [SamplerName.heun, .dpm2, .dpm2Ancestral, .dpmpp2SAncestral, .dpmppSDE])
  func endsAboveZero(name: SamplerName) throws {
    let plan = try name.make(SchedulerConfig(), eta: 0, schedule: .klOptimal).plan(steps: 5)
    #expect(plan.timesteps.count == 10)
    #expect(plan.sigmas.count == 11)
    #expect(plan.sigmas[10] > 0.029 && plan.sigmas[10] < 0.03)
  }

  /// diffusers' spacings replace that of the configuration, and its Karras levels.
  @Test func spacings() throws {
    var config = SchedulerConfig()
    config.useKarrasSigmas = true
    config.className = "EulerDiscreteScheduler"
    func timesteps(_ name: SamplerName, _ schedule: ScheduleName?) throws -> [Float] {
      try name.make(config, eta: 0, schedule: schedule).plan(steps: 4).timesteps
    }
    #expect(try timesteps(.euler, .trailing) == [999, 749, 499, 249])
    #expect(try timesteps(.euler, .linspace) == [999, 666, 333, 0])
    #expect(try timesteps(.euler, .leading) == [750, 500, 250, 0])
    #expect(try timesteps(.dpmpp2M, .linspace) == [999, 749, 500, 250])
    #expect(try timesteps(.ddim, .trailing) == [999, 749, 499, 249])
    #expect(try timesteps(.euler, .default) == timesteps(.euler, nil))
    #expect(try timesteps(.euler, nil) != timesteps(.euler, .linspace))
  }
}
