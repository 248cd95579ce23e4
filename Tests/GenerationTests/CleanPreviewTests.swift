import Diffusion
import Foundation
import Generation
import ModelFiles
import PipelineSupport
import ReferenceSupport
import TensorCore
import TestSupport
import Testing

/// Where a run seems to end: the clean latents each prediction implies.
@Suite struct CleanPreviewTests {
  /// The last step of Euler's method goes to the clean latents its prediction implies, whatever the network predicts.
  @Test(arguments: PredictionType.allCases, [SamplerName.euler, .dpmpp2M])
  func theLastIsTheResult(prediction: PredictionType, sampler: SamplerName) throws {
    let scratch = try ScratchPipeline("sd1_tiny")
    var options = PipelineFileOptions()
    options.predictionType = prediction
    let pipeline = TextToImage(try PipelineComponents(folder: scratch.model, options: options), precision: .f32)
    let request = GenerationRequest(
      prompts: ["a cat", "a dog"], steps: 4, guidance: Guidance(scale: 3), sampler: sampler, seeds: [1, 2], width: 32,
      height: 32)
    var seen: [Tensor] = []
    let made = try pipeline.generate(request, onClean: { clean, _ in seen.append(clean) })
    #expect(seen.count == 4 && seen[0].shape == made.latents.shape)
    // Signal and noise come from ᾱ of the nearest timestep here and from the interpolated σ there.
    expectMatch(seen[3].floats(), made.latents.floats(), tolerance: 2e-3, "the end")
    let first = zip(seen[0].floats(), made.latents.floats()).map { abs($0 - $1) }.max() ?? 0
    #expect(first > 1e-2, "the first step knows less")
  }

  /// A run that is ended after some steps gives what it seemed to end in then; another error gives nothing.
  @Test func anEarlyEndIsAResult() throws {
    let pipeline = TextToImage(try EditFixtures.components(), precision: .f32)
    let request = GenerationRequest(
      prompts: ["a cat", "a dog"], steps: 9, guidance: Guidance(scale: 3), sampler: .euler, seeds: [1, 2], width: 32,
      height: 32)
    var seen: [Tensor] = []
    let made = try pipeline.generate(
      request, onStep: { if $0.index == 2 { throw EarlyEnd() } }, onClean: { clean, _ in seen.append(clean) })
    #expect(seen.count == 3 && made.latents.floats() == seen[2].floats())
    #expect(made.pixels.shape[0] == 2)
    struct Other: Error {}
    #expect(throws: Other.self) { _ = try pipeline.generate(request, onStep: { _ in throw Other() }) }
  }

  @Test func ofASecondPass() throws {
    let pipeline = TextToImage(try EditFixtures.components(), precision: .f32)
    var request = ReferencePipelines.shortRequest(seeds: [1], prompts: ["a cat"])
    request.hires = HiresFix(scale: 1.5, steps: 4, denoise: 0.5)
    var sizes: [Int] = []
    let made = try pipeline.generate(request, onClean: { clean, _ in sizes.append(clean.shape[1]) })
    #expect(sizes.count == 4 && sizes.last == made.latents.shape[1] && sizes[0] < sizes[3])
  }

  @Test func watchingChangesNothing() throws {
    let components = try EditFixtures.components()
    let canvas = try EditCanvas(TestPictures.noise(width: 64, height: 64), multiple: 8, defaultSize: 64)
    let change = ImageToImageRequest(
      ReferencePipelines.shortRequest(seeds: [1], prompts: ["a cat"]), canvas: canvas, strength: 1)
    let pipeline = ImageToImage(components, precision: .f32)
    var count = 0
    let watched = try pipeline.generate(change, onClean: { _, _ in count += 1 })
    #expect(count == 2)
    #expect(try pipeline.generate(change).latents.floats() == watched.latents.floats())
  }
}
