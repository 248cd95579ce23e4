import Checkpoints
import Generation
import Images
import Models
import ReferenceSupport
import TensorCore
import TestSupport

/// `Fixtures/edits`: what diffusers computes in edits of the small Stable Diffusion.
package struct EditFixtures {
  private let expected: TensorFile

  package init() throws { expected = try TensorFile(fixtureURL("edits/expected.safetensors")) }

  package func floats(_ key: String) throws -> [Float] { try expected.tensor(key).floats() }

  /// A stored `[B, C, H, W]` as `[B, H, W, C]`.
  package func image(_ key: String) throws -> Tensor {
    let tensor = try expected.tensor(key)
    return Tensor(channelsFirst: tensor.floats(), shape: tensor.shape)
  }

  package func tensor(_ key: String) throws -> Tensor {
    let tensor = try expected.tensor(key)
    return Tensor(tensor.floats(), shape: tensor.shape)
  }

  /// The picture all edits start from.
  package static func picture() throws -> Image {
    try ImageFile.load(fixtureURL("reference/sd1_tiny/i2i_s0.6.image.png"))
  }

  /// The small Stable Diffusion.
  package static func components() throws -> PipelineComponents {
    try ReferencePipelines.components(ReferenceCase("sd1_tiny"))
  }

  /// The same with a U-Net that follows instructions.
  package static func instructionComponents() throws -> PipelineComponents {
    let plain = try components()
    let folder = ModelFolder(fixtureURL("edits/instruct_8ch"))
    let config = try folder.decode(UNet2DConditionConfig.self)
    return PipelineComponents(
      text: plain.text, network: try folder.load { path, _ in UNet2DConditionModel(path, config) }.model,
      autoencoder: plain.autoencoder, scheduler: plain.scheduler, name: "instruct_8ch")
  }
}
