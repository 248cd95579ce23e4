import Conditioning
import Configurations
import Diffusion
import Models
import NN
import TensorCore

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
    scheduler: SchedulerConfig, zerosForEmptyPrompt: Bool = false, name: String, notes: [String] = [],
    parameters: [ModelPart: [Parameter]] = [:]
  ) {
    self.conditioners = conditioners
    self.unet = unet
    self.autoencoder = autoencoder
    self.scheduler = scheduler
    self.zerosForEmptyPrompt = zerosForEmptyPrompt
    (self.name, self.notes, self.parameters) = (name, notes, parameters)
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
}
