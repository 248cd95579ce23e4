import Diffusion
import Generation
import Models

/// Trains a text encoder with its own vocabulary and a conditional U-Net together, on latents of a finished autoencoder.
public struct TextToImageRecipe: Codable, Sendable {
  /// The models a recipe trains.
  public enum Part: String, Codable, Sendable, CaseIterable {
    case textEncoder = "text_encoder"
    case unet
  }

  public var name: String
  public var data: DataRecipe
  /// Side of the training pictures.
  public var size: Int
  /// The folder of the autoencoder.
  public var autoencoder: String
  /// Where latents are kept between runs.
  public var cache: String
  public var vocabularySize: Int
  public var textEncoder: CLIPTextConfig
  public var unet: UNet2DConditionConfig
  public var scheduler: SchedulerConfig
  public var precision: Precision
  /// A diffusers folder to go on from instead of random weights; its tokenizer is kept.
  public var startFrom: String?
  /// What is trained; the rest stays as it is. Both if not given.
  public var train: [Part]?
  /// How timesteps are drawn; evenly if not given.
  public var timestepSampling: TimestepSampling?
  /// How often a caption is replaced by the empty one, which makes guidance possible (Ho & Salimans 2022).
  public var captionDropout: Float
  /// What the sample grids show.
  public var samplePrompts: [String]
  public var sampleSteps: Int
  public var sampleGuidance: Float
  public var loop: LoopSettings

  enum CodingKeys: String, CodingKey {
    case name, data, size, autoencoder, cache, unet, scheduler, precision, train, loop
    case startFrom = "start_from"
    case timestepSampling = "timestep_sampling"
    case vocabularySize = "vocabulary_size"
    case textEncoder = "text_encoder"
    case captionDropout = "caption_dropout"
    case samplePrompts = "sample_prompts"
    case sampleSteps = "sample_steps"
    case sampleGuidance = "sample_guidance"
  }
}
