import Checkpoints
import Foundation
import ReferenceSupport
import TestSupport
import Testing

/// The tiny autoencoder, by `txt2img --vae` and `imago inspect`.
@Suite struct TinyAutoencoderCallTests {
  @Test(arguments: ["taesd_shape", "taesd_shape/diffusion_pytorch_model.safetensors"])
  func decodesForAnotherModel(path: String) throws {
    let folder = try CommandFolder()
    let file = try folder.draw(
      .txt2img,
      [catOnTheMoon, "--model", try folder.model("sd1_tiny").path, "--cfg", "4", "--steps", "5", "--seed", "21"]
        + ["--width", "64", "--height", "64", "--vae", fixtureURL("reference/\(path)").path])
    let expected = try TensorFile(fixtureURL("commands/expected.safetensors"))
    try file.expectStored("taesd", in: expected, tolerance: StoredCallTests.tolerance)
  }

  @Test func isToldFromOtherFiles() throws {
    let folder = try CommandFolder()
    let file = fixtureURL("reference/taesd_shape/diffusion_pytorch_model.safetensors")
    let result = try BuiltCommand.imago.run(["inspect", file.path], in: folder.url)
    #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
    #expect(result.output.contains("tiny autoencoder") && result.output.contains("134 tensors"), "\(result.output)")
  }
}
