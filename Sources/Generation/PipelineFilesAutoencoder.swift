import Checkpoints
import Foundation
import Models
import NN

/// An autoencoder on its own: a diffusers folder, or a file under original names (with `first_stage_model.` in front
/// or not) or diffusers' ones. A whole checkpoint will do too; its other parts are not looked at.
public struct AutoencoderFile: Sendable {
  public let config: AutoencoderKLConfig
  public let source: CheckpointSource

  /// - Parameter other: gives what the file does not show: the scale of latents, the size of pictures.
  public init(_ url: URL, like other: AutoencoderKLConfig) throws {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else {
      throw GenerationError.noModel(path: url.path, reason: "not found; it should be an autoencoder's file or folder")
    }
    if isFolder.boolValue {
      let inner = url.appendingPathComponent("vae")
      let isPipeline = FileManager.default.fileExists(atPath: inner.appendingPathComponent("config.json").path)
      let folder = ModelFolder(isPipeline ? inner : url)
      config = try folder.decode(AutoencoderKLConfig.self)
      source = CheckpointSource(try folder.weights())
      return
    }
    let file = try TensorFile(url)
    let shapes = ShapeTable(file)
    if let structure = AutoencoderStructure.find(shapes) {
      config = AutoencoderKLConfig(structure, like: other)
      source = CheckpointSource(file, prefix: structure.prefix, map: structure.keys)
    } else if let structure = AutoencoderStructure(diffusers: shapes) {
      config = AutoencoderKLConfig(structure, like: other)
      source = CheckpointSource(file)
    } else {
      throw GenerationError.noModel(
        path: url.path, reason: "is no autoencoder of Stable Diffusion (no decoder.conv_in)")
    }
    try config.validate()
  }

  /// Builds the autoencoder strictly.
  public func load() throws -> AutoencoderKL {
    let store = ParameterStore(source)
    let model = AutoencoderKL(store.root, config)
    do {
      try store.finish(ignoring: ["position_ids"])
    } catch {
      throw source.translated(error)
    }
    return model
  }
}
