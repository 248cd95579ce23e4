import Checkpoints
import Conditioning
import Foundation
import Models
import NN

/// An autoencoder on its own: a diffusers folder, or a file under original names (with `first_stage_model.` in front
/// or not) or diffusers' ones. A whole checkpoint will do too; its other parts are not looked at.
public struct AutoencoderFile: Sendable {
  public let config: AutoencoderKLConfig
  public let source: CheckpointSource

  /// - Parameters:
  ///   - other: gives what the file does not show: the scale of latents, the size of pictures.
  ///   - variant: which of several forms of a folder's weights to take; a folder without it gives its plain ones.
  public init(_ url: URL, like other: AutoencoderKLConfig, variant: String? = nil) throws {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else {
      throw GenerationError.noModel(path: url.path, reason: "not found; it should be an autoencoder's file or folder")
    }
    if isFolder.boolValue {
      let inner = url.appendingPathComponent("vae")
      let isPipeline = FileManager.default.fileExists(atPath: inner.appendingPathComponent("config.json").path)
      let place = ModelFolder(isPipeline ? inner : url)
      // The variant is the model's; an autoencoder of its own need not have it.
      let folder =
        variant.map { place.variants.contains($0) } == true ? ModelFolder(place.url, variant: variant) : place
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
      let problem = AutoencoderStructure.missingHalf(shapes).map { "\($0): give a whole one" }
      throw GenerationError.noModel(
        path: url.path, reason: problem ?? "is no autoencoder of Stable Diffusion (no decoder.conv_in)")
    }
    do {
      try config.validate()
    } catch {
      throw GenerationError.noModel(path: url.path, reason: "\(error)")
    }
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
