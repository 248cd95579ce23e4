import Checkpoints
import Diffusion
import Foundation
import Models
import NN
import TensorCore
import Tokenizers

/// A text encoder with the tokenizer that feeds it.
public struct TextConditioner: Sendable {
  public let tokenizer: CLIPTokenizer
  public let model: CLIPTextModel

  public init(tokenizer: CLIPTokenizer, model: CLIPTextModel) {
    self.tokenizer = tokenizer
    self.model = model
  }
}

/// The parts of a latent text-to-image model: SD 1.x, SD 2.x, SDXL, or our own.
public struct PipelineComponents: Sendable {
  /// One text encoder, or two (SDXL).
  public let conditioners: [TextConditioner]
  public let unet: UNet2DConditionModel
  public let autoencoder: LatentAutoencoder
  public let scheduler: SchedulerConfig
  /// SDXL: no negative prompt means a context of zeros.
  public let zerosForEmptyPrompt: Bool
  /// What the model is called in messages and metadata.
  public let name: String
  /// What a person should know: choices made where the files say nothing.
  public let notes: [String]
  /// The weights of the networks, where they were loaded from files.
  public let parameters: [ModelPart: [Parameter]]

  public init(
    conditioners: [TextConditioner], unet: UNet2DConditionModel, autoencoder: AutoencoderKL,
    scheduler: SchedulerConfig, zerosForEmptyPrompt: Bool = false, name: String
  ) {
    self.init(
      conditioners: conditioners, unet: unet, autoencoder: .kl(autoencoder), scheduler: scheduler,
      zerosForEmptyPrompt: zerosForEmptyPrompt, name: name)
  }

  public init(
    conditioners: [TextConditioner], unet: UNet2DConditionModel, autoencoder: LatentAutoencoder,
    scheduler: SchedulerConfig, zerosForEmptyPrompt: Bool = false, name: String
  ) {
    self.conditioners = conditioners
    self.unet = unet
    self.autoencoder = autoencoder
    self.scheduler = scheduler
    self.zerosForEmptyPrompt = zerosForEmptyPrompt
    self.name = name
    (notes, parameters) = ([], [:])
  }

  /// Whether the U-Net takes pooled text and sizes besides the context.
  public var isXL: Bool { unet.config.additionEmbedType == "text_time" }

  /// Side of the pictures the model was made for, in pixels; at most the longest this program makes.
  public var defaultSize: Int { min(unet.config.sampleSize * autoencoder.downscale, 8192) }

  /// Throws unless so many layers of every text encoder can be skipped.
  public func checkClipSkip(_ skipped: Int?) throws(GenerationError) {
    guard let skipped else { return }
    for conditioner in conditioners {
      try PromptEncoder.check(clipSkip: skipped, layers: conditioner.model.config.layerCount, isXL: isXL)
    }
  }

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
    conditioners = try zip(files.textParts, settings.textEncoders).enumerated().map { index, part in
      TextConditioner(
        tokenizer: try files.tokenizer(index),
        model: try build(part.0) { CLIPTextModel($0, part.1, prefixed: CLIPTextModel.isPrefixed($1)) })
    }
    unet = try build(.unet) { path, _ in UNet2DConditionModel(path, settings.unet) }
    autoencoder =
      try files.tiny.map { .tiny($0) } ?? .kl(build(.vae) { path, _ in AutoencoderKL(path, settings.autoencoder) })
    scheduler = settings.scheduler
    zerosForEmptyPrompt = settings.zerosForEmptyPrompt
    let file = files.url.lastPathComponent
    self.name = name ?? (files.layout == nil ? file : files.url.deletingPathExtension().lastPathComponent)
    notes = files.notes
    self.parameters = parameters
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

/// `model_index.json`: which class each part of a pipeline is.
public struct ModelIndex: Sendable {
  /// The library and class of one part.
  public struct Component: Sendable, Equatable {
    public let library, className: String
  }

  public let className: String
  private let components: [String: Component]
  let forceZeros: Bool
  /// Names of classes by their numbers (diffusers' `DiTPipeline`); nil if there are none.
  let labels: [String]?

  /// The part of that name; nil if the pipeline has none.
  public func component(_ name: String) -> Component? { components[name] }

  /// Reads the index of a diffusers folder.
  public static func read(_ folder: URL) throws -> ModelIndex {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: folder.path, isDirectory: &isFolder) else {
      throw GenerationError.noModel(
        path: folder.path, reason: "not found; `model` takes a diffusers folder, a checkpoint file or a pipeline's name"
      )
    }
    guard isFolder.boolValue else {
      throw GenerationError.noModel(path: folder.path, reason: "is a file; this takes a diffusers folder")
    }
    let file = folder.appendingPathComponent("model_index.json")
    guard FileManager.default.fileExists(atPath: file.path) else {
      throw GenerationError.noModel(
        path: folder.path, reason: "has no model_index.json, so it is not a diffusers folder")
    }
    return try parse(try RegularFile.text(file), path: file.path)
  }

  /// Reads the text of an index.
  static func parse(_ text: String, path: String) throws -> ModelIndex {
    guard let object = try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] else {
      throw GenerationError.noModel(path: path, reason: "is not a JSON object")
    }
    var components: [String: Component] = [:]
    for (key, value) in object {
      if let pair = value as? [Any], pair.count == 2, let library = pair[0] as? String,
        let name = pair[1] as? String
      {
        components[key] = Component(library: library, className: name)
      }
    }
    return ModelIndex(
      className: object["_class_name"] as? String ?? "a pipeline without a class",
      components: components,
      forceZeros: object["force_zeros_for_empty_prompt"] as? Bool ?? true,
      labels: (object["id2label"] as? [String: String]).map { names in
        names.sorted { (Int($0.key) ?? 0) < (Int($1.key) ?? 0) }.map(\.value)
      })
  }
}
