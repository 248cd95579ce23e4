import Checkpoints
import Conditioning
import Diffusion
import Foundation
import Generation
import Models
import NN
import Tokenizers

extension PipelineComponents {
  /// Loads a diffusers folder, or a single file of any format.
  /// - Parameters:
  ///   - name: in messages and metadata; by default that of the folder or file.
  ///   - adapt: may exchange the weights of parts before the networks are built: adapters are folded in here.
  public init(
    folder url: URL, name: String? = nil, options: PipelineFileOptions = PipelineFileOptions(),
    adapt: (PartSources) throws -> PartSources = { $0 }
  ) throws {
    try self.init(try PipelineFiles(url, options: options), name: name, adapt: adapt)
  }

  /// Loads the model that comes with the program.
  public static func bundled(_ locator: ModelLocator = ModelLocator()) throws -> PipelineComponents {
    let (spec, folder) = try locator.pipeline(nil)
    return try PipelineComponents(folder: folder, name: spec.name, options: spec.fileOptions(home: locator.home))
  }

  /// Builds the networks of files that were opened before, strictly: every tensor is used and has its shape.
  /// - Parameter trained: the networks whose weights get gradients.
  public init(
    _ files: PipelineFiles, name: String? = nil, trained: Set<ModelPart> = [],
    adapt: (PartSources) throws -> PartSources = { $0 }
  ) throws {
    let settings = files.configurations
    let sources = try adapt(files.sources.mapValues { $0 })
    var parameters: [ModelPart: [Parameter]] = [:]
    func build<Model>(_ part: ModelPart, _ make: (ParameterPath, [String]) -> Model) throws -> Model {
      guard let source = sources[part] else {
        throw GenerationError.noModel(path: files.url.path, reason: "has no \(part.rawValue)")
      }
      let (keys, isTrained) = (source.keys, trained.contains(part))
      let built = try files.build(part, from: source, isTrainable: { _ in isTrained }, { make($0, keys) })
      parameters[part] = built.parameters
      return built.model
    }
    let encoders = try zip(files.textParts, settings.textEncoders).enumerated().map { index, part in
      CLIPTextEncoder(
        tokenizer: try files.tokenizer(index),
        model: try build(part.0) { CLIPTextModel($0, part.1, prefixed: CLIPTextModel.isPrefixed($1)) })
    }
    let network = try build(settings.networkPart) { path, _ in NetworkClass.build(settings.network, path) }
    let autoencoder: LatentAutoencoder =
      try files.tiny.map { .tiny($0) } ?? .kl(build(.vae) { path, _ in AutoencoderKL(path, settings.autoencoder) })
    let traits = settings.family.traits
    let text = traits.text(TextParts(encoders: encoders, labels: files.labels, settings: settings))
    try Self.check(text, encoders, autoencoder, settings, traits, files.url)
    let file = files.url.lastPathComponent
    let own = files.layout == nil ? file : files.url.deletingPathExtension().lastPathComponent
    self.init(
      text: text, network: network, autoencoder: autoencoder, scheduler: settings.scheduler, ays: traits.ays,
      name: name ?? own, notes: files.notes, parameters: parameters)
  }

  /// Parts that do not fit each other are refused here, not in the middle of a run.
  private static func check(
    _ text: any TextEncoding, _ encoders: [CLIPTextEncoder], _ autoencoder: LatentAutoencoder,
    _ settings: PipelineConfigurations, _ traits: any FamilyTraits, _ folder: URL
  ) throws {
    func fail(_ reason: String) -> GenerationError { .noModel(path: folder.path, reason: reason) }
    let network = settings.network
    guard text.contextWidth == network.contextWidth else {
      throw fail(
        "the text encoder gives \(text.contextWidth ?? 0) features, the U-Net wants \(network.contextWidth ?? 0)")
    }
    if let problem = traits.problem(text, settings) { throw fail(problem) }
    guard network.predictionChannels == autoencoder.latentChannels else {
      throw fail(
        "the U-Net makes \(network.predictionChannels) channels, the autoencoder reads \(autoencoder.latentChannels)")
    }
    for encoder in encoders where encoder.tokenizer.vocabularySize > encoder.model.config.vocabularySize {
      throw fail(
        "the tokenizer has \(encoder.tokenizer.vocabularySize) tokens, the text encoder "
          + "\(encoder.model.config.vocabularySize)")
    }
  }
}
