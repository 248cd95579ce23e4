import Checkpoints
import Foundation
import Generation
import ModelFiles
import Models
import PipelineSupport
import ReferenceSupport
import TensorCore
import TestSupport
import Testing

/// Autoencoders on their own, in every form people have them in.
@Suite struct AutoencoderFileTests {
  /// The scale no file shows, and sizes that must not be taken from it.
  private var other: AutoencoderKLConfig {
    var config = AutoencoderKLConfig()
    config.scalingFactor = 0.13025
    return config
  }

  @Test(arguments: ["prefixed", "bare", "diffusers", "folder", "pipeline", "checkpoint", "torch"])
  func everyForm(form: String) throws {
    let scratch = try ScratchPipeline("sd1_tiny")
    let checkpoint = try scratch.single()
    let prefix = "first_stage_model."
    let url = scratch.file("vae.safetensors")
    let names = { (key: String) in
      key.hasPrefix(prefix) ? form == "bare" || form == "torch" ? String(key.dropFirst(prefix.count)) : key : nil
    }
    let whole = try TensorFile(checkpoint)
    let tensors = try whole.keys.compactMap { key in try names(key).map { ($0, try whole.tensor(key)) } }
    try TensorFile.write(tensors, to: url)
    let place: URL
    switch form {
    case "prefixed", "bare", "torch": place = url
    case "diffusers": place = scratch.model.appendingPathComponent("vae/diffusion_pytorch_model.safetensors")
    case "folder": place = scratch.model.appendingPathComponent("vae")
    case "pipeline": place = scratch.model
    default: place = checkpoint
    }
    let file = try AutoencoderFile(place, like: other)
    let isFolder = form == "folder" || form == "pipeline"
    #expect(file.config.scalingFactor == (isFolder ? 0.18215 : 0.13025))
    #expect(file.config.blockOutChannels == [32, 64] && file.config.layersPerBlock == 2)
    let vae = try file.load()
    let reference = try ReferenceCase("sd1_tiny")
    let picture = vae.decode(try reference.image("vae.mean"))
    expectMatch(picture.channelsFirstFloats(), try reference.floats("vae.decoded"), tolerance: 1e-4, "picture")
  }

  @Test func replacesAPipelinesOwn() throws {
    let scratch = try ScratchPipeline("sd1_tiny")
    let url = try scratch.single("vae.safetensors")
    try scratch.rewrite(url) { tensors in
      for key in tensors.keys where !key.hasPrefix("first_stage_model.") { tensors[key] = nil }
      let key = "first_stage_model.decoder.conv_out.bias"
      tensors[key] = RawTensor(Tensor([1, 2, 3] as [Float], shape: [3]))
    }
    var options = PipelineFileOptions()
    options.vae = url
    let files = try PipelineFiles(scratch.model, options: options)
    #expect(try files.raw(.vae, "decoder.conv_out.bias").tensor().floats() == [1, 2, 3])
    _ = try PipelineComponents(files)
    // A conversion takes it along.
    let back = scratch.file("back")
    _ = try ModelWriter(files).write(to: back, as: .folder)
    #expect(try PipelineFiles(back).raw(.vae, "decoder.conv_out.bias").tensor().floats() == [1, 2, 3])
  }

  @Test func wrongFiles() throws {
    let scratch = try ScratchPipeline("sd1_tiny")
    expectError(["is no autoencoder"]) {
      _ = try AutoencoderFile(
        scratch.model.appendingPathComponent("unet/diffusion_pytorch_model.safetensors"), like: other)
    }
    expectError(["nowhere", "not found"]) { _ = try AutoencoderFile(scratch.file("nowhere"), like: other) }
    let url = try scratch.single()
    try scratch.rewrite(url) { $0["first_stage_model.decoder.norm_out.bias"] = nil }
    expectError(["missing first_stage_model.decoder.norm_out.bias"]) {
      _ = try AutoencoderFile(url, like: other).load()
    }
  }
}
