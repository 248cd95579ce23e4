import Diffusion
import Generation
import PipelineSupport
import ReferenceSupport
import Testing

/// Guidance between two noise levels alone.
@Suite struct GuidanceIntervalTests {
  private let pipeline: TextToImage
  private let steps = 6

  init() throws {
    pipeline = TextToImage(try ReferencePipelines.components(ReferenceCase("sd1_tiny")), precision: .f32)
  }

  private func draw(_ guidance: Guidance, _ sampler: SamplerName = .euler) throws -> (pixels: [Float], rows: Int) {
    let request = GenerationRequest(
      prompts: ["a cat on the moon"], negativePrompt: "blurry", steps: steps, guidance: guidance, sampler: sampler,
      seeds: [42], width: 64, height: 64)
    let made = try RowCount.during { try pipeline.generate(request) }
    return (made.result.pixels.floats(), made.rows)
  }

  private func plan(_ sampler: SamplerName) throws -> SamplingPlan {
    try sampler.make(pipeline.components.scheduler, eta: 0).plan(steps: steps)
  }

  @Test func outsideItThePredictionIsTheConditionalOneAndCostsNoMore() throws {
    let conditional = try draw(Guidance(scale: 1))
    #expect(conditional.rows == steps)
    // Above all levels, and below them.
    for interval in [NoiseInterval(1000, 2000), NoiseInterval(0, 1e-6)] {
      let outside = try draw(Guidance(scale: 7.5, interval: interval))
      #expect(outside.pixels == conditional.pixels && outside.rows == steps)
    }
    let guided = try draw(Guidance(scale: 7.5))
    let everywhere = try draw(Guidance(scale: 7.5, interval: NoiseInterval(0, 1000)))
    #expect(guided.rows == 2 * steps && everywhere.rows == guided.rows && everywhere.pixels == guided.pixels)
    #expect(guided.pixels != conditional.pixels)
  }

  /// The calls of the steps outside are saved, in samplers that count in σ and in those that count in timesteps.
  @Test(arguments: [SamplerName.euler, .ddim]) func callsAreSaved(sampler: SamplerName) throws {
    let told = try plan(sampler).timesteps
    let levels = Denoised(pipeline.components.scheduler)
    let sigmas = told.map { levels.sigma(told: $0) }
    #expect(zip(sigmas, sigmas.dropFirst()).allSatisfy { $0 > $1 }, "\(sigmas)")
    // The second to the fourth step.
    let interval = NoiseInterval((sigmas[3] + sigmas[4]) / 2, (sigmas[0] + sigmas[1]) / 2)
    let some = try draw(Guidance(scale: 7.5, interval: interval), sampler)
    #expect(some.rows == steps + 3)
    let (none, all) = (try draw(Guidance(scale: 1), sampler), try draw(Guidance(scale: 7.5), sampler))
    #expect(some.pixels != none.pixels && some.pixels != all.pixels)
  }

  /// Levels are read from what the network is told.
  @Test func levelsOfTimesteps() throws {
    let plan = try plan(.euler)
    let levels = Denoised(pipeline.components.scheduler)
    for (told, sigma) in zip(plan.timesteps, plan.sigmas) {
      #expect(abs(levels.sigma(told: told) / sigma - 1) < 1e-3, "\(told)")
    }
    let flow = Denoised(SchedulerConfig(), as: .flow)
    #expect(flow.sigma(told: 500) == 0.5)
    #expect(!NoiseInterval(1, 2).contains(1) && NoiseInterval(1, 2).contains(2) && !NoiseInterval(1, 2).contains(2.1))
  }
}
