import Foundation
import Generation

/// A model in memory with what its pictures' metadata says of it.
public struct LoadedPipeline: Sendable {
  public let spec: PipelineSpec
  public let pipeline: TextToImage
  /// As the ecosystem computes it; nil if the files could not be read again.
  public let modelHash: String?
  /// Name and hash of an autoencoder that replaces the model's.
  public let vae: (name: String, hash: String?)?

  public init(
    spec: PipelineSpec, pipeline: TextToImage, modelHash: String? = nil, vae: (name: String, hash: String?)? = nil
  ) {
    (self.spec, self.pipeline, self.modelHash, self.vae) = (spec, pipeline, modelHash, vae)
  }

  /// Loads what a job names.
  public init(_ source: ModelChoice, locator: ModelLocator = ModelLocator()) throws {
    let (spec, folder) = try locator.pipeline(source.model)
    var options = PipelineFileOptions()
    let vaeURL = source.vae.map { URL(fileURLWithPath: $0) }
    options.vae = vaeURL
    let components = try PipelineComponents(folder: folder, name: spec.name, options: options)
    self.init(
      spec: spec, pipeline: TextToImage(components, precision: source.precision),
      modelHash: ModelHash.short(folder), vae: vaeURL.map { ($0.lastPathComponent, ModelHash.short($0)) })
  }

  /// The model's name as the ecosystem writes it: a file's without its ending.
  var title: String {
    let name = spec.name as NSString
    return ["safetensors", "ckpt", "gguf", "pt", "bin"].contains(name.pathExtension.lowercased())
      ? name.deletingPathExtension : spec.name
  }

  public var components: PipelineComponents { pipeline.components }
}

/// Which weights a job runs on, and in which arithmetic: jobs that agree in these share a loaded model.
public struct ModelChoice: Sendable, Hashable {
  public var model: String?
  public var vae: String?
  public var precision: Precision

  public init(_ job: PictureJob) {
    (model, vae, precision) = (job.model, job.vae, job.precision ?? .best)
  }
}
