import Conditioning
import Diffusion
import Generation
import PipelineSupport
import ReferenceSupport
import TensorCore
import TestSupport
import Testing

/// Start noise between seeds, prompts between prompts.
@Suite struct SeedVariationTests {
  @Test(arguments: [0.25, 0.7])
  func mixtureOfNoise(strength: Double) throws {
    var (first, second) = (NoiseSource(.torch, seeds: [1]), NoiseSource(.torch, seeds: [2]))
    let mixed = SeedVariation.mix(
      first.normal([1, 8, 12, 4]), second.normal([1, 8, 12, 4]), strength: strength)
    // The stored angles were computed in float32; arc cosine loses half its digits near parallel vectors.
    expectMatch(
      mixed.channelsFirstFloats(), try EditFixtures().floats("slerp.\(strength)"), tolerance: 1e-5, "mixture")
  }

  @Test func endsAreTheSeedsThemselves() {
    var (first, second) = (NoiseSource(.torch, seeds: [1]), NoiseSource(.torch, seeds: [2]))
    let (a, b) = (first.normal([1, 8, 12, 4]), second.normal([1, 8, 12, 4]))
    #expect(SeedVariation.mix(a, b, strength: 0).floats() == a.floats())
    expectClose(SeedVariation.mix(a, b, strength: 1), b, atol: 1e-6)
    // Parallel noise has no arc: a straight line, not a division by zero.
    expectClose(SeedVariation.mix(a, a, strength: 0.3), a, atol: 1e-6)
  }

  private let base = ReferencePipelines.shortRequest(seeds: [42], prompts: ["a cat on the moon"])

  @Test func aStripStartsAndEndsWithThePicturesThemselves() throws {
    let pipeline = TextToImage(try EditFixtures.components(), precision: .f32)
    let strip = try pipeline.generate(base.strip(toSeed: 43, toPrompt: "a red butterfly", frames: 3)).latents
    func frame(_ index: Int) -> [Float] { strip.slice(axis: 0, from: index, count: 1).floats() }
    let first = try pipeline.generate(base).latents.floats()
    let last = try pipeline.generate(
      ReferencePipelines.shortRequest(seeds: [43], prompts: ["a red butterfly"])
    ).latents.floats()
    #expect(frame(0) == first)
    // The second seed's noise went through sines of the arc's end.
    expectMatch(frame(2), last, tolerance: 1e-4, "last frame")
    #expect(frame(1) != first && frame(1) != last)
  }

  @Test func aPictureOfAStripCanBeMadeAgainAlone() throws {
    let pipeline = TextToImage(try EditFixtures.components(), precision: .f32)
    var alone = try base.strip(toSeed: 7, frames: 3)
    let strip = try pipeline.generate(alone).latents.slice(axis: 0, from: 1, count: 1).floats()
    alone.prompts = [alone.prompts[1]]
    alone.seeds = [alone.seeds[1]]
    alone.variations = [alone.variations[1]]
    #expect(try pipeline.generate(alone).latents.floats() == strip)
  }

  @Test func badValues() throws {
    #expect(throws: GenerationError.self) { try base.strip(frames: 1) }
    var bad = base
    bad.variations = [SeedVariation(seed: 1, strength: 1.5)]
    #expect(throws: GenerationError.self) { try bad.validate(multiple: 8, trainSteps: 1000) }
    bad.variations = [SeedVariation(seed: 1, strength: 0.5), SeedVariation(seed: 2, strength: 0.5)]
    #expect(throws: GenerationError.self) { try bad.validate(multiple: 8, trainSteps: 1000) }
  }
}
