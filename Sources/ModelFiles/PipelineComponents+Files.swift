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
    let conditioners = try zip(files.textParts, settings.textEncoders).enumerated().map { index, part in
      TextConditioner(
        tokenizer: try files.tokenizer(index),
        model: try build(part.0) { CLIPTextModel($0, part.1, prefixed: CLIPTextModel.isPrefixed($1)) })
    }
    let unet = try build(.unet) { path, _ in UNet2DConditionModel(path, settings.unet) }
    let autoencoder: LatentAutoencoder =
      try files.tiny.map { .tiny($0) } ?? .kl(build(.vae) { path, _ in AutoencoderKL(path, settings.autoencoder) })
    let file = files.url.lastPathComponent
    let own = files.layout == nil ? file : files.url.deletingPathExtension().lastPathComponent
    self.init(
      conditioners: conditioners, unet: unet, autoencoder: autoencoder, scheduler: settings.scheduler,
      zerosForEmptyPrompt: settings.zerosForEmptyPrompt, name: name ?? own, notes: files.notes, parameters: parameters)
    try check(files.url)
  }

  /// Parts that do not fit each other are refused here, not in the middle of a run.
  private func check(_ folder: URL) throws {
    let width = conditioners.reduce(0) { $0 + $1.model.config.hiddenSize }
    guard width == unet.config.crossAttentionDim else {
      throw GenerationError.noModel(
        path: folder.path,
        reason: "the text encoder gives \(width) features, the U-Net wants \(unet.config.crossAttentionDim)")
    }
    if let width = unet.config.projectionClassEmbeddingsInputDim, let side = unet.config.additionTimeEmbedDim, isXL {
      let pooled = conditioners.last.map(\.model.config).map { $0.hasProjection ? $0.projectionSize : $0.hiddenSize }
      // The pooled text and six sizes.
      let given = (pooled ?? 0) + 6 * side
      guard given == width else {
        throw GenerationError.noModel(
          path: folder.path,
          reason: "projection_class_embeddings_input_dim is \(width), the pooled text and six sizes of "
            + "addition_time_embed_dim \(side) are \(given)")
      }
    }
    guard unet.config.outChannels == autoencoder.latentChannels else {
      throw GenerationError.noModel(
        path: folder.path,
        reason: "the U-Net makes \(unet.config.outChannels) channels, the autoencoder reads "
          + "\(autoencoder.latentChannels)")
    }
    for conditioner in conditioners
    where conditioner.tokenizer.vocabularySize > conditioner.model.config.vocabularySize {
      throw GenerationError.noModel(
        path: folder.path,
        reason: "the tokenizer has \(conditioner.tokenizer.vocabularySize) tokens, the text encoder "
          + "\(conditioner.model.config.vocabularySize)")
    }
  }
}
