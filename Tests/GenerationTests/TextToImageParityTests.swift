import Diffusion
import Generation
import ModelFiles
import PipelineSupport
import ReferenceSupport
import TensorCore
import Testing

/// A pipeline call whose latents after every step, and whose picture, diffusers stored.
struct StoredCall: Sendable, CustomTestStringConvertible {
  let folder: String
  let name: String
  let request: GenerationRequest
  var testDescription: String { "\(folder) \(name)" }

  init(
    _ folder: String, _ name: String, prompts: [String] = ["a cat on the moon"],
    negative: String? = nil, guidance: Guidance, steps: Int, width: Int = 64, height: Int = 64,
    seed: UInt64, clipSkip: Int? = nil
  ) {
    self.folder = folder
    self.name = name
    // The stored calls gave one generator to the whole batch.
    request = GenerationRequest(
      prompts: prompts, negativePrompt: negative, steps: steps, guidance: guidance, sampler: .ddim,
      seeds: Array(repeating: seed, count: prompts.count), stream: .torchBatch, width: width,
      height: height, clipSkip: clipSkip)
  }

  static let all = [
    StoredCall(
      "sd1_tiny", "t2i_cfg7.5", negative: "blurry, low quality", guidance: Guidance(scale: 7.5),
      steps: 8, seed: 42),
    StoredCall(
      "sd1_tiny", "t2i_cfg1_wide", guidance: Guidance(scale: 1), steps: 5, width: 80, height: 48,
      seed: 1),
    StoredCall(
      "sd1_tiny", "t2i_batch2", prompts: ["a cat on the moon", "a red butterfly"],
      guidance: Guidance(scale: 5), steps: 4, seed: 3),
    StoredCall(
      "sd1_tiny", "t2i_rescale", guidance: Guidance(scale: 9, rescale: 0.7), steps: 4, seed: 5),
    StoredCall(
      "sd1_tiny", "t2i_clipskip1", guidance: Guidance(scale: 7.5), steps: 4, seed: 5, clipSkip: 1),
    StoredCall(
      "sd2_tiny_v", "t2i", negative: "blurry, low quality", guidance: Guidance(scale: 7.5),
      steps: 6,
      seed: 42),
  ]
}

/// Whole calls against diffusers: tokenizer, text encoder, noise, guidance, sampler, U-Net and
/// decoder together.
///
/// 1e-4 of the range: guidance multiplies the difference of two predictions, and with it their
/// rounding errors of some 1e-6, by up to nine at every step; the worst here is 4e-6.
@Suite struct TextToImageParityTests {
  private static let tolerance: Float = 1e-4

  @Test(arguments: StoredCall.all)
  func storedCall(_ call: StoredCall) throws {
    let reference = try ReferenceCase(call.folder)
    let pipeline = TextToImage(try ReferencePipelines.components(reference), precision: .f32)
    let latents = try reference.floats("\(call.name).latents")
    var visited = 0
    let batch = try pipeline.generate(call.request) { step in
      let size = step.sample.count
      expectMatch(
        step.sample.channelsFirstFloats(),
        Array(latents[(step.index * size)..<((step.index + 1) * size)]),
        tolerance: Self.tolerance, "\(call.name), latents after step \(step.index)")
      visited += 1
    }
    #expect(visited == call.request.steps && visited * batch.latents.count == latents.count)
    expectMatch(
      ImageTensor.unitValues(batch.pixels).flatMap { $0 },
      try reference.floats("\(call.name).image_nhwc"), tolerance: Self.tolerance,
      "\(call.name), pictures")
  }

  /// SDXL: two text encoders, pooled text and sizes, Euler's method.
  @Test func storedCallXL() throws {
    let reference = try ReferenceCase("sdxl_tiny")
    let components = try ReferencePipelines.componentsXL()
    var request = StoredCall(
      "sdxl_tiny", "t2i", negative: "blurry, low quality", guidance: Guidance(scale: 5), steps: 5, seed: 42
    ).request
    request.sampler = .euler
    let latents = try reference.floats("t2i.latents")
    let batch = try TextToImage(components, precision: .f32).generate(request) { step in
      let size = step.sample.count
      expectMatch(
        step.sample.channelsFirstFloats(), Array(latents[(step.index * size)..<((step.index + 1) * size)]),
        tolerance: Self.tolerance, "SDXL, latents after step \(step.index)")
    }
    #expect(latents.count == 5 * batch.latents.count)
    expectMatch(
      ImageTensor.unitValues(batch.pixels).flatMap { $0 }, try reference.floats("t2i.image_nhwc"),
      tolerance: Self.tolerance, "SDXL picture")
  }

  @Test func unconditionalPicture() throws {
    let reference = try ReferenceCase("ddpm_tiny")
    let pipeline = try UnconditionalImages(folder: reference.url, precision: .f32)
    let picture = try pipeline.generate(seeds: [0], steps: 10)
    expectMatch(
      ImageTensor.unitValues(picture).flatMap { $0 }, try reference.floats("image_nhwc"),
      tolerance: Self.tolerance, "unconditional picture")
  }
}
