import Checkpoints
import Conditioning
import Diffusion
import Foundation
import Generation
import Images
import ModelFiles
import PipelineSupport
import TensorCore
import TestSupport
import Testing

/// Results that are no numbers: one line that names the stage and the likely cause, and never a crash.
@Suite struct FinitenessTests {
  private func request(_ prompt: String = "a cat", _ change: (inout GenerationRequest) -> Void = { _ in })
    -> GenerationRequest
  {
    var request = GenerationRequest(
      prompts: [prompt], steps: 3, guidance: Guidance(scale: 7.5), sampler: .ddim, seeds: [1], width: 32, height: 32)
    change(&request)
    return request
  }

  /// Making the picture fails with one line that has all of `words`.
  private func expectFailure(
    _ words: [String], _ work: () throws -> Void, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    do {
      try work()
      Issue.record("it succeeded", sourceLocation: sourceLocation)
    } catch {
      guard case GenerationError.notFinite? = error as? GenerationError else {
        Issue.record("\(error)", sourceLocation: sourceLocation)
        return
      }
      let line = "\(error)"
      #expect(!line.contains("\n"), sourceLocation: sourceLocation)
      for word in words { #expect(line.contains(word), "no \(word) in: \(line)", sourceLocation: sourceLocation) }
    }
  }

  @Test func absurdGuidance() throws {
    let pipeline = TextToImage(try EditFixtures.components(), precision: .f32)
    for scale in [Float(1e38), .greatestFiniteMagnitude] {
      expectFailure(["--cfg"]) {
        _ = try pipeline.generate(request { $0.guidance = Guidance(scale: scale) })
      }
    }
  }

  @Test(arguments: Emphasis.allCases.filter { $0 != .none && $0 != .ignore }) func absurdEmphasis(rule: Emphasis) throws
  {
    let pipeline = TextToImage(try EditFixtures.components(), precision: .f32)
    let prompt = "(a:300000000000000000000000000000000000000) cat"
    // ComfyUI's rule keeps them finite up to the U-Net.
    expectFailure([rule == .comfy ? "U-Net at step 1" : "the text", "weights in brackets"]) {
      _ = try pipeline.generate(request(prompt) { $0.emphasis = rule })
    }
  }

  @Test func absurdWeightOfAPart() throws {
    let pipeline = TextToImage(try EditFixtures.components(), precision: .f32)
    expectFailure(["U-Net at step", "AND"]) {
      _ = try pipeline.generate(request("a cat AND a dog :300000000000000000000000000000000000000"))
    }
  }

  /// One bad weight anywhere.
  @Test(
    arguments: [
      ("text_encoder/model", "text_model.encoder.layers.1.mlp.fc1.bias", "the text encoder"),
      ("unet/diffusion_pytorch_model", "conv_in.bias", "the U-Net at step 1 of 3"),
      ("vae/diffusion_pytorch_model", "decoder.conv_out.bias", "the decoder"),
    ], [Float.nan, .infinity])
  func aBadWeight(at place: (file: String, key: String, stage: String), value: Float) throws {
    let scratch = try ScratchPipeline("sd1_tiny")
    try scratch.rewrite(scratch.model.appendingPathComponent("\(place.file).safetensors")) { tensors in
      guard let old = tensors[place.key]?.tensor().cast(to: .f32) else { return }
      tensors[place.key] = RawTensor(Tensor([value] + old.floats().dropFirst(), shape: old.shape))
    }
    let pipeline = TextToImage(try PipelineComponents(folder: scratch.model), precision: .f32)
    expectFailure([place.stage, "imago inspect"]) { _ = try pipeline.generate(request()) }
  }

  @Test func aBadWeightOfTheEncoder() throws {
    let scratch = try ScratchPipeline("sd1_tiny")
    try scratch.rewrite(scratch.model.appendingPathComponent("vae/diffusion_pytorch_model.safetensors")) { tensors in
      tensors["encoder.conv_in.bias"] = RawTensor(Tensor(Array(repeating: Float.nan, count: 32), shape: [32]))
    }
    let components = try PipelineComponents(folder: scratch.model)
    let canvas = try EditCanvas(
      try EditFixtures.picture(), multiple: components.sizeMultiple, defaultSize: components.defaultSize)
    expectFailure(["the encoder", "the autoencoder"]) {
      _ = try ImageToImage(components, precision: .f32).generate(
        ImageToImageRequest(request(), canvas: canvas, strength: 0.7))
    }
  }

  /// The second pass and a picture found by description are watched too.
  @Test func otherWays() throws {
    let components = try EditFixtures.components()
    let pipeline = TextToImage(components, precision: .f32)
    expectFailure(["--cfg"]) {
      _ = try pipeline.generate(
        request {
          $0.guidance = Guidance(scale: 1e38)
          $0.hires = HiresFix(scale: 2)
        })
    }
    let scratch = try ScratchPipeline("sd1_tiny")
    try scratch.rewrite(scratch.model.appendingPathComponent("unet/diffusion_pytorch_model.safetensors")) { tensors in
      tensors["conv_in.bias"] = RawTensor(Tensor(Array(repeating: Float.nan, count: 32), shape: [32]))
    }
    let broken = try PipelineComponents(folder: scratch.model)
    let canvas = try EditCanvas(
      try EditFixtures.picture(), multiple: broken.sizeMultiple, defaultSize: broken.defaultSize)
    expectFailure(["the U-Net at comparison 1 of 10"]) {
      _ = try DescriptionEdit(broken, precision: .f32).generate(
        DescriptionEditRequest(request(), canvas: canvas, source: "a dog"))
    }
  }

  @Test func anUnconditionalModel() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("imago-test-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.copyItem(at: fixtureURL("reference/ddpm_tiny"), to: folder)
    let file = folder.appendingPathComponent("unet/diffusion_pytorch_model.safetensors")
    let old = try TensorFile(file)
    var tensors = try old.keys.map { ($0, try old.tensor($0)) }
    let index = try #require(tensors.firstIndex { $0.0 == "conv_in.bias" })
    tensors[index].1 = Tensor(Array(repeating: Float.nan, count: tensors[index].1.count), shape: tensors[index].1.shape)
    try TensorFile.write(tensors, to: file)
    let images = try UnconditionalImages(folder: folder, precision: .f32)
    expectFailure(["the U-Net at step 1 of 2"]) { _ = try images.generate(seeds: [1], steps: 2) }
  }

  /// Whatever is converted to bytes, nothing traps.
  @Test func bytesOfAnything() {
    let values: [Float] = [.nan, .infinity, -.infinity, 1e38, -1e38, 0, 1, -1, .leastNonzeroMagnitude]
    let image = ImageTensor.images(Tensor(values, shape: [1, 1, 3, 3]))[0]
    #expect(image.pixels == [0, 255, 0, 255, 0, 128, 255, 0, 128])
  }

  /// Numbers that overflow in arithmetic are bad values.
  @Test(arguments: [Int.max, Int.min, -1, 1 << 40]) func clipSkip(value: Int) throws {
    let pipeline = TextToImage(try EditFixtures.components(), precision: .f32)
    expectError(["--clip-skip \(value)", "must be 0 to 3"]) {
      _ = try pipeline.generate(request { $0.clipSkip = value })
    }
  }

  @Test func canvasesWithoutEnd() throws {
    let picture = try EditFixtures.picture()
    var options = CanvasOptions()
    options.resize = .outpaint
    (options.width, options.height) = (Int.max, Int.max)
    expectError(["--width 9223372036854775807", "8192"]) {
      _ = try EditCanvas(picture, options: options, multiple: 8, defaultSize: 64)
    }
    let line = Image(width: 1, height: 4000, channels: 3, pixels: [UInt8](repeating: 9, count: 12000))
    options.resize = .crop
    (options.width, options.height) = (512, 64)
    expectError(["--resize-mode crop", "1×4000"]) {
      _ = try EditCanvas(line, options: options, multiple: 8, defaultSize: 64)
    }
  }

  @Test(arguments: ["9223372036854775807", "9223372036854775807,1,1,1", "0,0,9223372036854775807,1", "8193"])
  func margins(text: String) {
    expectError(["--outpaint", "8192"]) { _ = try Margins(parsing: text) }
  }
}
