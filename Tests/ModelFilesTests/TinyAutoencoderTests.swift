import Checkpoints
import Foundation
import Generation
import ModelFiles
import PipelineSupport
import ReferenceSupport
import TensorCore
import TestSupport
import Testing

/// TAESD from its files: both halves in one, or each under the project's own names.
@Suite struct TinyAutoencoderTests {
  /// Writes the small autoencoder's halves as the project does: `taesd_encoder`, `taesd_decoder`.
  private func halves(_ scratch: ScratchPipeline) throws -> (encoder: URL, decoder: URL) {
    let whole = try TensorFile(fixtureURL("reference/taesd_shape/diffusion_pytorch_model.safetensors"))
    var urls: [URL] = []
    for half in TinyAutoencoderKeys.Half.allCases {
      let url = scratch.file("taesd_\(half.rawValue).safetensors")
      let tensors = try whole.keys.compactMap { key in
        try TinyAutoencoderKeys(half).location(of: key).map { ($0.key, try whole.tensor(key)) }
      }
      try TensorFile.write(tensors.sorted { $0.0 < $1.0 }, to: url)
      urls.append(url)
    }
    return (urls[0], urls[1])
  }

  @Test(arguments: ["folder", "file", "encoder", "decoder"]) func givesTheReferencesPictures(form: String) throws {
    let scratch = try ScratchPipeline("sd1_tiny")
    let files = try halves(scratch)
    let folder = fixtureURL("reference/taesd_shape")
    let url =
      switch form {
      case "folder": folder
      case "file": folder.appendingPathComponent("diffusion_pytorch_model.safetensors")
      case "encoder": files.encoder
      default: files.decoder
      }
    let tiny = try TinyAutoencoder(url)
    #expect(tiny.hasEncoder && tiny.hasDecoder && tiny.config.latentChannels == 4)
    let reference = try ReferenceCase("taesd_shape")
    let latents = try tiny.encode(try reference.image("image"))
    // Sums of 576 products in float32, eleven layers deep.
    expectMatch(latents.channelsFirstFloats(), try reference.floats("latents"), tolerance: 1e-4, "latents")
    let picture = try tiny.decode(try reference.image("latents"))
    expectMatch(picture.channelsFirstFloats(), try reference.floats("decoded"), tolerance: 1e-4, "picture")
  }

  @Test func aHalfAloneSaysWhatItCannot() throws {
    let scratch = try ScratchPipeline("sd1_tiny")
    let files = try halves(scratch)
    try FileManager.default.removeItem(at: files.encoder)
    let tiny = try TinyAutoencoder(files.decoder)
    #expect(!tiny.hasEncoder)
    #expect(try tiny.decode(.zeros([1, 2, 2, 4])).shape == [1, 16, 16, 3])
    expectError([files.decoder.path, "has no encoder"]) { _ = try tiny.encode(.zeros([1, 16, 16, 3])) }
  }

  @Test func damagedHalves() throws {
    let scratch = try ScratchPipeline("sd1_tiny")
    let files = try halves(scratch)
    try scratch.rewrite(files.decoder) { $0["19.bias"] = nil }
    expectError([files.decoder.path, "missing 19.bias"]) { _ = try TinyAutoencoder(files.decoder) }
    try scratch.rewrite(files.encoder) { $0["99.bias"] = RawTensor(.zeros([1])) }
    expectError(["99.bias"]) { _ = try TinyAutoencoder(files.encoder) }
    expectError(["is not TAESD"]) { _ = try TinyAutoencoder(try scratch.single()) }
  }
}
