import Foundation
import TestSupport
import Testing

/// The tiny autoencoder, by `imago inspect`.
@Suite struct TinyAutoencoderCallTests {
  @Test func isToldFromOtherFiles() throws {
    let folder = try CommandFolder()
    let file = fixtureURL("reference/taesd_shape/diffusion_pytorch_model.safetensors")
    let result = try BuiltCommand.imago.run(["inspect", file.path], in: folder.url)
    #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
    #expect(result.output.contains("tiny autoencoder") && result.output.contains("134 tensors"), "\(result.output)")
  }
}
