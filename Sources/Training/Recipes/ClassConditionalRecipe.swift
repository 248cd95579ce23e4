import Checkpoints
import Diffusion
import Foundation
import Generation
import Models
import NN
import TensorCore

/// Trains a U-Net on small pictures of classes that it is told, and now and then not told (Ho & Salimans 2022).
public struct ClassConditionalRecipe: TrainingRecipe {
  public static let kind = "class-conditional"
  public static let incidental = ["sample_steps", "sample_guidance", "samples_per_class", "loss_limit"]

  public var name: String
  public var data: DataRecipe
  /// What captions say: each is a class, or names one.
  public var classes: [String]
  /// How often the network is told no class.
  public var classDropout: Float
  /// Whether half of the pictures are mirrored.
  public var mirror: Bool
  /// Its `num_class_embeds` follows: the classes and one that stands for none.
  public var unet: UNet2DConfig
  public var scheduler: SchedulerConfig
  public var precision: Precision
  public var samplesPerClass: Int
  public var sampleSteps: Int
  public var sampleGuidance: Float
  /// The mean loss of the last log interval must be below this.
  public var lossLimit: Double
  public var loop: LoopSettings

  enum CodingKeys: String, CodingKey {
    case name, data, classes, mirror, unet, scheduler, precision, loop
    case classDropout = "class_dropout"
    case samplesPerClass = "samples_per_class"
    case sampleSteps = "sample_steps"
    case sampleGuidance = "sample_guidance"
    case lossLimit = "loss_limit"
  }
}

extension ClassConditionalRecipe: ClassRecipe {
  public var problem: RecipeProblem? {
    data.problem ?? PrecisionProblem.of(precision)
      ?? classProblem([
        (unet.inChannels == 3 && unet.outChannels == 3, "unet.in_channels", "and out_channels must be 3"),
        (
          unet.classCount == nil || unet.classCount == classes.count + 1, "unet.num_class_embeds",
          "must be \(classes.count + 1): the classes and one for none; it can be left out"
        ),
      ])
  }

  public func run(in folder: URL, _ context: RunContext) throws {
    var config = unet
    config.classCount = classes.count + 1
    try train(.unet, side: config.sampleSize, times: nil, sampler: .ddpm, in: folder, context) {
      UNet2DModel($0, config)
    }
  }
}
