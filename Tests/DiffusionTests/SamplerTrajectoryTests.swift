import Checkpoints
import Diffusion
import ReferenceSupport
import TensorCore
import TestSupport
import Testing

/// Whole runs of the samplers against diffusers' schedulers, fresh noise included.
@Suite struct SamplerTrajectoryTests {
  static let names = [
    "ddpm", "ddpm_clip_linear", "ddpm_cosine", "ddpm_fixed_large", "ddpm_v", "ddpm_x0", "ddim", "ddim_eta",
    "ddim_v_zsnr_trailing", "ddim_inverse", "pndm", "lms", "euler", "euler_karras", "euler_trailing", "euler_v",
    "euler_a", "heun", "heun_karras", "dpm2", "dpm2_a", "dpmpp_2m", "dpmpp_2m_karras", "dpmpp_2m_sde_karras",
    "dpmpp_2m_v", "dpmpp_3m", "dpmpp_2s", "deis", "unipc", "unipc_karras", "lcm", "tcd", "flow_euler_shift3",
  ]

  /// Set-ups and numbers of steps; those distilled to few steps are stored for fewer.
  static let cases = names.flatMap { name in
    (name == "lcm" || name == "tcd" ? [1, 4, 20] : [5, 20]).map { (name, $0) }
  }

  /// Nothing stored is left out.
  @Test func everySetupIsCovered() throws {
    #expect(Set(SchedulerSetup.names(in: try ReferenceCase("samplers").expected)) == Set(Self.names))
  }

  /// 1e-5 of the range: diffusers computes a step's scalars in float32, with errors of a few 1e-7 that twenty steps
  /// carry on; the worst here is 1.3e-6.
  @Test(arguments: cases)
  func trajectory(name: String, steps: Int) throws {
    let reference = try ReferenceCase("samplers")
    try check(name, steps, reference.expected, shape: [1, 6, 5, 4], tolerance: 1e-5)
  }

  static let options = [
    "ddpm_sigmoid", "ddpm_threshold", "ddim_linspace_x0", "ddim_inverse_trailing_v", "pndm_rk", "pndm_v_trailing",
    "lms_karras", "lms_x0_leading", "euler_zero_snr", "euler_exponential", "euler_beta", "euler_log_linear",
    "euler_continuous", "euler_sigma_min", "euler_trained_betas", "euler_a_v_leading", "euler_a_zero_snr",
    "heun_clip_trailing", "heun_beta", "dpm2_karras", "dpm2_a_v", "multi_leading", "multi_trailing_zero_snr",
    "multi_first", "multi_heun", "multi_noise", "multi_noise_heun", "multi_noise_3", "multi_sde", "multi_sde_heun",
    "multi_sde_noise", "multi_sde_noise_heun", "multi_lu", "multi_exponential", "multi_beta", "multi_euler_final",
    "multi_high_final", "multi_cosine_clipped", "multi_threshold", "single_3", "single_3_heun", "single_heun",
    "single_noise", "single_noise_3", "single_lower", "single_sde_karras", "deis_3", "deis_karras_v", "unipc_3",
    "unipc_bh1", "unipc_noise", "unipc_uncorrected", "unipc_exponential", "unipc_zero_snr", "lcm_v", "tcd_v",
    "flow_karras", "flow_terminal", "flow_stochastic",
  ]

  /// Settings the reference leaves at their defaults. Euler's steps from σ = 4096 subtract numbers of that size in
  /// float32 on either side, so they agree to 1e-4 only; the others as above.
  @Test(arguments: options, [6, 17])
  func option(name: String, steps: Int) throws {
    let file = try TensorFile(fixtureURL("samplers_options/expected.safetensors"))
    try check(
      name, steps, file, shape: [1, 2, 4, 4],
      tolerance: name.hasPrefix("euler") && name.hasSuffix("zero_snr") ? 1e-4 : 1e-5)
  }

  @Test func everyOptionIsCovered() throws {
    let file = try TensorFile(fixtureURL("samplers_options/expected.safetensors"))
    #expect(Set(SchedulerSetup.names(in: file)) == Set(Self.options))
  }

  private func check(_ name: String, _ steps: Int, _ file: TensorFile, shape: [Int], tolerance: Float) throws {
    let setup = try SchedulerSetup(named: name, in: file.metadata)
    let plan = try setup.sampler.plan(steps: steps)
    let key = "\(name).\(steps)"
    setup.expectTimesteps(plan.timesteps, try file.tensor("\(key).timesteps").floats())
    // Samplers that count in ᾱ have no list of levels, in diffusers neither.
    #expect(file.keys.contains("\(key).sigmas") == !plan.sigmas.isEmpty, "levels of \(name)")
    if !plan.sigmas.isEmpty { setup.expectSigmas(plan, try file.tensor("\(key).sigmas").floats()) }

    var noise = NoiseSource(.torchBatch, seeds: [7])
    let start = setup.sampler.enter(noise.normal(shape), plan: plan)
    expectMatch(
      start.channelsFirstFloats(), try file.tensor("\(key).x0").floats(), tolerance: 1e-6, "\(name) start")
    try setup.expectTrajectory(
      try file.tensor("\(key).traj").floats(), from: start, plan, &noise, tolerance: tolerance)
  }

  /// A sample that `onStep` gives back replaces the sampler's own.
  @Test func onStepReplacesTheSample() throws {
    var noise = NoiseSource(.torch, seeds: [1])
    let start = noise.normal([1, 2, 2, 4])
    let sampler = DDIMSampler(SchedulerConfig(), eta: 0)
    var seen: [Float] = []
    let last = try sampler.sample(
      start, plan: sampler.plan(steps: 3), noise: &noise,
      predict: { x, _, _ in
        seen.append(x.floats()[0])
        return x * 0
      },
      onStep: { step in Tensor(repeating: Float(step.index), shape: step.sample.shape) })
    #expect(seen == [start.floats()[0], 0, 1])
    #expect(last.floats().allSatisfy { $0 == 2 })
  }

  /// Nothing is left over from a run: a second one with the same sampler and seed is equal to the last bit.
  @Test(arguments: SamplerName.allCases)
  func runsAreIndependent(name: SamplerName) throws {
    let sampler = name.make(SchedulerConfig(), eta: 0.3)
    let plan = try sampler.plan(steps: 6)
    func run() throws -> [Float] {
      var noise = NoiseSource(.torch, seeds: [3])
      return try sampler.sample(
        sampler.enter(noise.normal([1, 2, 2, 4]), plan: plan), plan: plan, noise: &noise,
        predict: { x, t, _ in SchedulerSetup.standIn(x, t) }, onStep: { _ in nil }
      ).floats()
    }
    let first = try run()
    #expect(first.allSatisfy { $0.isFinite })
    let second = try run()
    #expect(second == first)
  }
}
