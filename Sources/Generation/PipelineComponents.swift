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
  public let autoencoder: AutoencoderKL
  public let scheduler: SchedulerConfig
  /// SDXL: no negative prompt means a context of zeros.
  public let zerosForEmptyPrompt: Bool
  /// What the model is called in messages and metadata.
  public let name: String

  public init(
    conditioners: [TextConditioner], unet: UNet2DConditionModel, autoencoder: AutoencoderKL,
    scheduler: SchedulerConfig, zerosForEmptyPrompt: Bool = false, name: String
  ) {
    self.conditioners = conditioners
    self.unet = unet
    self.autoencoder = autoencoder
    self.scheduler = scheduler
    self.zerosForEmptyPrompt = zerosForEmptyPrompt
    self.name = name
  }

  /// Whether the U-Net takes pooled text and sizes besides the context.
  public var isXL: Bool { unet.config.additionEmbedType != nil }

  /// Side of the pictures the model was made for, in pixels.
  public var defaultSize: Int { unet.config.sampleSize * autoencoder.downscale }

  /// Loads a diffusers folder.
  public init(folder: URL, name: String? = nil) throws {
    let index = try ModelIndex.read(folder)
    guard index.component("unet")?.className == "UNet2DConditionModel" else {
      throw GenerationError.noModel(
        path: folder.path,
        reason: "\(index.className) is not a text-to-image pipeline this version runs")
    }
    func part(_ name: String) -> ModelFolder { ModelFolder(folder.appendingPathComponent(name)) }
    let encoders = ["", "_2"].filter { index.component("text_encoder\($0)") != nil }
    conditioners = try encoders.map { suffix in
      let encoder = part("text_encoder\(suffix)")
      var config = try encoder.decode(CLIPTextConfig.self)
      // Newer tools leave `architectures` out; the index names the class.
      if let name = index.component("text_encoder\(suffix)")?.className {
        config.architectures = [name]
      }
      return TextConditioner(
        tokenizer: try CLIPTokenizer(
          directory: folder.appendingPathComponent("tokenizer\(suffix)")),
        model: try encoder.load {
          CLIPTextModel($0, config, prefixed: CLIPTextModel.isPrefixed($1))
        }.model)
    }
    let unetConfig = try part("unet").decode(UNet2DConditionConfig.self)
    unet = try part("unet").load { path, _ in UNet2DConditionModel(path, unetConfig) }.model
    guard index.component("vae")?.className == "AutoencoderKL" else {
      throw GenerationError.noModel(path: folder.path, reason: "its vae is not an AutoencoderKL")
    }
    let vaeConfig = try part("vae").decode(AutoencoderKLConfig.self)
    autoencoder = try part("vae").load { path, _ in AutoencoderKL(path, vaeConfig) }.model
    scheduler = try part("scheduler").decode(SchedulerConfig.self, from: "scheduler_config.json")
    zerosForEmptyPrompt = index.forceZeros && encoders.count == 2
    self.name = name ?? folder.lastPathComponent
    try check(folder)
  }

  /// Parts that do not fit each other are refused here, not in the middle of a run.
  private func check(_ folder: URL) throws {
    let width = conditioners.reduce(0) { $0 + $1.model.config.hiddenSize }
    guard width == unet.config.crossAttentionDim else {
      throw GenerationError.noModel(
        path: folder.path,
        reason: "the text encoder gives \(width) features, the U-Net wants \(unet.config.crossAttentionDim)")
    }
    guard unet.config.outChannels == autoencoder.config.latentChannels else {
      throw GenerationError.noModel(
        path: folder.path,
        reason: "the U-Net makes \(unet.config.outChannels) channels, the autoencoder reads "
          + "\(autoencoder.config.latentChannels)")
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

  /// The part of that name; nil if the pipeline has none.
  public func component(_ name: String) -> Component? { components[name] }

  /// Reads the index of a diffusers folder.
  public static func read(_ folder: URL) throws -> ModelIndex {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: folder.path, isDirectory: &isFolder) else {
      throw GenerationError.noModel(
        path: folder.path, reason: "not found; --model takes a diffusers folder or a pipeline's name")
    }
    guard isFolder.boolValue else {
      throw GenerationError.noModel(
        path: folder.path, reason: "is a file; this version reads diffusers folders")
    }
    let file = folder.appendingPathComponent("model_index.json")
    guard let data = try? Data(contentsOf: file) else {
      throw GenerationError.noModel(
        path: folder.path, reason: "has no model_index.json, so it is not a diffusers folder")
    }
    guard let object = try? JSONSerialization.jsonObject(with: data) as? [String: Any] else {
      throw GenerationError.noModel(path: file.path, reason: "is not a JSON object")
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
      forceZeros: object["force_zeros_for_empty_prompt"] as? Bool ?? true)
  }
}
