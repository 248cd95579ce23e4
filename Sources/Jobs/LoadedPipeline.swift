import Adapters
import Conditioning
import Diffusion
import Foundation
import Generation
import ModelFiles
import Models
import PromptLanguage

/// A model in memory with what its pictures' metadata says of it.
public struct LoadedPipeline: Sendable {
  public let spec: PipelineSpec
  public let pipeline: TextToImage
  /// As the ecosystem computes it; nil if the files could not be read again.
  public let modelHash: String?
  /// Name and hash of an autoencoder that replaces the model's.
  public let vae: (name: String, hash: String?)?
  /// The networks that guide, as they were found.
  public let guideFiles: GuideFiles
  /// What a person should know: how adapters matched, choices made where files say nothing.
  public let notes: [String]

  public init(
    spec: PipelineSpec, pipeline: TextToImage, modelHash: String? = nil, vae: (name: String, hash: String?)? = nil,
    guideFiles: GuideFiles = GuideFiles(), notes: [String] = []
  ) {
    (self.spec, self.pipeline, self.modelHash, self.vae) = (spec, pipeline, modelHash, vae)
    self.guideFiles = guideFiles
    self.notes = pipeline.components.notes + notes
  }

  /// Loads what a job names.
  public init(_ source: ModelChoice, locator: ModelLocator = ModelLocator()) throws {
    let (spec, folder) = try locator.pipeline(source.model)
    var options = source.fileOptions(over: spec.fileOptions(home: locator.home))
    let vaeURL = source.vae.map { URL(fileURLWithPath: $0) }
    let requests = try source.adapters(model: folder, locator)
    options.keepsAllWords = !requests.isEmpty
    var notes: [String] = []
    let components = try PipelineComponents(folder: folder, name: spec.name, options: options) { networks in
      guard !requests.isEmpty else { return networks }
      let merger = try AdapterMerger(requests, networks: networks)
      notes = merger.reports.flatMap(\.lines)
      // In full precision the sum is not rounded to the type the checkpoint has.
      return merger.adapted(
        source.isFactored ? .factored : .merged, precision: source.precision == .f32 ? .float32 : .asBase)
    }
    var pipeline = TextToImage(components, precision: source.precision)
    let widths = components.text.vectorWidths
    pipeline.embeddings = try source.embeddings.map {
      try TextualInversion(URL(fileURLWithPath: $0), widths: widths)
    }
    let guideFiles = try GuideFiles(source, locator, model: folder)
    pipeline.networks = try guideFiles.load()
    self.init(
      spec: spec, pipeline: pipeline,
      modelHash: ModelHash.short(folder), vae: vaeURL.map { ($0.lastPathComponent, ModelHash.short($0)) },
      guideFiles: guideFiles, notes: notes)
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
  public var variant: String?
  public var tokenizer: String?
  public var usesAverage: Bool
  public var predictionType: PredictionType?
  public var precision: Precision
  /// `PATH[:WEIGHT]` each.
  public var loras: [String]
  /// Whether they are computed beside the weights.
  public var isFactored: Bool
  /// Files of textual inversions.
  public var embeddings: [String]
  /// `<lora:...>` in the prompt.
  public var tags: [PromptTag]
  /// Networks that guide: folders, or names to look up.
  public var classifier, contrastive: String?

  public init(_ job: PictureJob) {
    (model, vae, precision, loras) = (job.model, job.vae, job.precision ?? .best, job.loras ?? [])
    (tokenizer, usesAverage, predictionType) = (job.tokenizer, job.usesAverage ?? false, job.predictionType)
    variant = job.variant
    isFactored = job.isFactored ?? false
    embeddings = job.embeddings ?? []
    (classifier, contrastive) = (job.guides.classifier, job.guides.contrastive)
    // Without the prompt language tags are text.
    let prompt = job.emphasis == Emphasis.none ? "" : job.prompt ?? ""
    tags = Prompt(prompt).tags.filter(\.isAdapter)
  }

  /// How to read the model's files.
  /// - Parameter pipeline: what its pipeline says, for what the job does not.
  func fileOptions(over pipeline: PipelineFileOptions) -> PipelineFileOptions {
    var options = pipeline
    options.vae = vae.map { URL(fileURLWithPath: $0) } ?? pipeline.vae
    options.tokenizer = tokenizer.map { URL(fileURLWithPath: $0) } ?? pipeline.tokenizer
    options.usesAverage = usesAverage
    options.variant = variant ?? pipeline.variant
    options.predictionType = predictionType ?? pipeline.predictionType
    return options
  }

  /// The adapters with their files.
  /// - Parameters:
  ///   - model: the model's file or folder; adapters named in a prompt are also looked up beside it.
  ///   - locator: where they are looked up besides.
  func adapters(model: URL, _ locator: ModelLocator) throws -> [AdapterRequest] {
    let named = try loras.map { try AdapterRequest(argument: $0) }
    guard !tags.isEmpty else { return named }
    let folders = AdapterFolders.standard(
      model: model, home: locator.home, workingDirectory: locator.workingDirectory)
    return try named
      + tags.map { tag in
        let (name, text, unet) = try tag.adapter()
        return try AdapterRequest(name: name, weight: unet, textWeight: text, folders: folders)
      }
  }
}
