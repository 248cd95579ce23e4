import Checkpoints
import Diffusion
import ReferenceSupport
import TensorCore
import TestSupport
import Testing

/// Runs that start from a noisy picture, against diffusers entered as its image-to-image pipeline enters it.
@Suite struct ImageToImageEntryTests {
  static let names = [
    "ddpm", "ddim", "pndm", "euler", "euler_a", "heun", "dpm2", "dpm2_a", "dpmpp_2m_karras", "dpmpp_2m_sde", "dpmpp_3m",
    "dpmpp_2s", "deis", "unipc", "lcm", "tcd", "flow",
  ]

  @Test func everySetupIsCovered() throws {
    let file = try TensorFile(fixtureURL("samplers_i2i/expected.safetensors"))
    #expect(Set(SchedulerSetup.names(in: file)) == Set(Self.names))
  }

  @Test(arguments: names, [0.35, 0.8, 1.0])
  func entry(name: String, strength: Double) throws {
    let file = try TensorFile(fixtureURL("samplers_i2i/expected.safetensors"))
    let setup = try SchedulerSetup(named: name, in: file.metadata)
    let plan = try setup.sampler.plan(steps: 10).starting(strength: strength)
    let key = "\(name).\(strength)"
    setup.expectTimesteps(Array(plan.timesteps[plan.indices]), try file.tensor("\(key).timesteps").floats())

    var noise = NoiseSource(.torchBatch, seeds: [11])
    let clean = noise.normal([1, 2, 4, 4])
    let start = setup.sampler.enter(noise.normal([1, 2, 4, 4]), clean: clean, plan: plan)
    expectMatch(
      start.channelsFirstFloats(), try file.tensor("\(key).start").floats(), tolerance: 1e-6, "\(name) start")
    // As for whole runs.
    try setup.expectTrajectory(try file.tensor("\(key).traj").floats(), from: start, plan, &noise, tolerance: 1e-5)
  }

  /// diffusers' `get_timesteps`: the steps to run are rounded down.
  @Test(arguments: [(0.0, 10), (0.09, 10), (0.1, 9), (0.35, 7), (0.99, 1), (1.0, 0)])
  func strengths(strength: Double, start: Int) throws {
    let config = SchedulerConfig()
    #expect(try DDIMSampler(config, eta: 0).plan(steps: 10).starting(strength: strength).start == start)
    let heun = try SamplerName.heun.make(config, eta: 0).plan(steps: 10).starting(strength: strength)
    // Strength 0 runs nothing, and Heun's first step has one entry less than the others.
    #expect(heun.start == (start == 10 ? 19 : 2 * start))
  }

  /// Entries are counted in steps, also where a step has two.
  @Test func entersAtSteps() throws {
    let plan = try SamplerName.dpm2.make(SchedulerConfig(), eta: 0).plan(steps: 6)
    #expect(plan.timesteps.count == 11)
    #expect(plan.starting(at: 2).start == 4)
    #expect(plan.starting(at: 5).start == 10)
    #expect(plan.starting(at: 6).indices.isEmpty)
    #expect(plan.starting(at: 99).indices.isEmpty)
    #expect(plan.starting(at: -1).start == 0)
    // PNDM has one entry more than steps, and diffusers does not count it.
    let pndm = try SamplerName.pndm.make(SchedulerConfig(), eta: 0).plan(steps: 6)
    #expect(pndm.timesteps.count == 7 && pndm.starting(at: 5).indices == 5..<7)
  }

  /// LMS starts its history afresh: with a slope that never changes each of its orders makes the exact step.
  @Test func linearMultistepRestarts() throws {
    let sampler = SamplerName.lms.make(SchedulerConfig(), eta: 0)
    let plan = try sampler.plan(steps: 12).starting(at: 7)
    var noise = NoiseSource(.torch, seeds: [5])
    let start = noise.normal([1, 2, 2, 4]) * Float(plan.sigmas[7])
    let end = try sampler.sample(
      start, plan: plan, noise: &noise, predict: { x, _, _ in Tensor(repeating: 0.25, shape: x.shape) },
      onStep: { _ in nil })
    let expected = start.floats().map { $0 - 0.25 * Float(plan.sigmas[7]) }
    // Five sums of float32 numbers of that size.
    expectClose(end.floats(), expected, atol: 2e-6, "end")
  }
}
