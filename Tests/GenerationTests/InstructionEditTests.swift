import Conditioning
import Diffusion
import Generation
import PipelineSupport
import ReferenceSupport
import TensorCore
import Testing

/// Edits with a U-Net of 8 channels, against diffusers.
@Suite struct InstructionEditTests {
  private func request(imageGuidance: Float = 1.8) throws -> ImageToImageRequest {
    let components = try EditFixtures.instructionComponents()
    let canvas = try EditCanvas(
      EditFixtures.picture(), multiple: components.sizeMultiple, defaultSize: components.defaultSize)
    let generation = GenerationRequest(
      prompts: ["make it red"], negativePrompt: "blurry", steps: 5, guidance: Guidance(scale: 7.5), sampler: .ddim,
      seeds: [21], width: 64, height: 64)
    return ImageToImageRequest(generation, canvas: canvas, strength: 1, imageGuidance: imageGuidance)
  }

  /// 2e-4 of the range: two guidances, 7.5 and 1.8, multiply rounding errors of some 1e-6 at every step.
  @Test func storedCall() throws {
    let fixtures = try EditFixtures()
    let latents = try fixtures.floats("instruct.latents")
    var visited = 0
    let batch = try ImageToImage(EditFixtures.instructionComponents(), precision: .f32).generate(request()) { _, now in
      expectMatch(
        now.channelsFirstFloats(), Array(latents[(visited * now.count)..<((visited + 1) * now.count)]),
        tolerance: 2e-4, "latents after step \(visited)")
      visited += 1
    }
    #expect(visited == 5)
    expectMatch(
      ImageTensor.unitValues(batch.pixels).flatMap { $0 }, try fixtures.floats("instruct.image_nhwc"), tolerance: 2e-4,
      "picture")
  }

  @Test func imageGuidanceMatters() throws {
    let pipeline = ImageToImage(try EditFixtures.instructionComponents(), precision: .f32)
    let (a, b) = (try pipeline.generate(request()), try pipeline.generate(request(imageGuidance: 1)))
    #expect(a.latents.floats() != b.latents.floats())
    #expect(throws: GenerationError.self) { try pipeline.generate(request(imageGuidance: 0.5)) }
  }

  @Test func wordsAloneAreRefused() throws {
    let error = try #require(throws: GenerationError.self) {
      try TextToImage(EditFixtures.instructionComponents(), precision: .f32).generate(request().generation)
    }
    #expect("\(error)".contains("img2img"))
  }
}
