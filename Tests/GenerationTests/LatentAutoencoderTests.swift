import Checkpoints
import Diffusion
import Foundation
import Generation
import ModelFiles
import PipelineSupport
import ReferenceSupport
import TensorCore
import TestSupport
import Testing

/// TAESD in the place of a model's autoencoder, told by the file's content.
@Suite struct LatentAutoencoderTests {
  private let scratch: ScratchPipeline
  private let taesd = fixtureURL("reference/taesd_shape")

  init() throws { scratch = try ScratchPipeline("sd1_tiny") }

  private func components(_ vae: URL?, model: URL? = nil) throws -> PipelineComponents {
    var options = PipelineFileOptions()
    options.vae = vae
    return try PipelineComponents(folder: model ?? scratch.model, options: options)
  }

  private func request(side: Int) -> GenerationRequest {
    GenerationRequest(
      prompts: ["a cat"], steps: 2, guidance: Guidance(scale: 2), sampler: .ddim, seeds: [3], width: side, height: side)
  }

  private func floats(_ vae: URL?) throws -> (pixels: [Float], latents: Tensor) {
    // The small model's own autoencoder halves sides twice less than TAESD: sizes that give the same latents.
    let side = vae == nil ? 16 : 64
    let made = try TextToImage(try components(vae), precision: .f32).generate(request(side: side))
    #expect(made.pixels.shape == [1, side, side, 3])
    return (made.pixels.floats(), made.latents)
  }

  @Test(arguments: ["folder", "file"]) func decodes(form: String) throws {
    let url = form == "folder" ? taesd : taesd.appendingPathComponent("diffusion_pytorch_model.safetensors")
    let (own, tiny) = (try floats(nil), try floats(url))
    #expect(tiny.latents.floats() == own.latents.floats(), "only the decoder differs")
    // TAESD reads latents as the U-Net makes them, unscaled.
    #expect(tiny.pixels == (try TinyAutoencoder(url).decode(tiny.latents).floats()))
  }

  /// diffusers' pictures with `AutoencoderTiny`.
  @Test func equalsTheReference() throws {
    let expected = try TensorFile(fixtureURL("taesd_calls/expected.safetensors"))
    let components = try components(taesd)
    var call = GenerationRequest(
      prompts: ["a cat on the moon"], steps: 4, guidance: Guidance(scale: 7.5), sampler: .ddim, seeds: [5],
      stream: .torchBatch, width: 64, height: 64)
    let made = try TextToImage(components, precision: .f32).generate(call).pixels
    // Rounding of some dozen layers; 4e-7 was seen.
    expectMatch(
      ImageTensor.unitValues(made)[0], try expected.tensor("txt2img").floats(), tolerance: 1e-5, "from words")
    call.steps = 5
    let canvas = try EditCanvas(EditFixtures.picture(), multiple: 8, defaultSize: 64)
    let changed = try ImageToImage(components, precision: .f32)
      .generate(ImageToImageRequest(call, canvas: canvas, strength: 0.6)).pixels
    expectMatch(
      ImageTensor.unitValues(changed)[0], try expected.tensor("img2img").floats(), tolerance: 1e-5, "from a picture")
  }

  /// A pipeline's folder may have it as its own.
  @Test func ofAPipeline() throws {
    let index = scratch.model.appendingPathComponent("model_index.json")
    let text = try String(contentsOf: index, encoding: .utf8).replacing("AutoencoderKL", with: "AutoencoderTiny")
    try Data(text.utf8).write(to: index)
    let vae = scratch.model.appendingPathComponent("vae")
    try FileManager.default.removeItem(at: vae)
    try FileManager.default.copyItem(at: taesd, to: vae)
    let components = try components(nil)
    guard case .tiny = components.autoencoder else {
      Issue.record("\(components.autoencoder)")
      return
    }
    #expect(components.sizeMultiple == 8 && components.autoencoder.latentChannels == 4)
  }

  /// The encoder's latents are the start of image to image; nothing is drawn for them.
  @Test func encodes() throws {
    let components = try components(taesd)
    let picture = TestPictures.noise(width: 64, height: 64)
    let canvas = try EditCanvas(picture, multiple: 8, defaultSize: 64)
    let made = try ImageToImage(components, precision: .f32).generate(
      ImageToImageRequest(request(side: 64), canvas: canvas, strength: 0.5))
    #expect(made.pixels.shape == [1, 64, 64, 3])
    let mean = try LatentCodec(components.autoencoder, precision: .f32).distribution(ImageTensor.pack([picture])).mean
    #expect(mean.floats() == (try TinyAutoencoder(taesd).encode(ImageTensor.pack([picture])).floats()))
  }

  @Test func whatCannotBeIsSaid() throws {
    // The decoder alone decodes.
    let whole = try TensorFileHalves.write(from: taesd, to: scratch.folder)
    let components = try components(whole)
    _ = try TextToImage(components, precision: .f32).generate(request(side: 64))
    let canvas = try EditCanvas(TestPictures.noise(width: 64, height: 64), multiple: 8, defaultSize: 64)
    expectError([whole.path, "has no encoder"]) {
      _ = try ImageToImage(components, precision: .f32).generate(
        ImageToImageRequest(request(side: 64), canvas: canvas, strength: 0.5))
    }
    // It does not go into a written model.
    var options = PipelineFileOptions()
    options.vae = taesd
    expectError(["TAESD", "--vae"]) {
      _ = try ModelWriter(try PipelineFiles(scratch.model, options: options))
        .write(to: scratch.file("out"), as: .folder)
    }
    #expect(!FileManager.default.fileExists(atPath: scratch.file("out").path))
    // Another number of channels.
    expectError(["4 channels", "16"]) { try TinyAutoencoder(taesd).check(channels: 16) }
  }
}
