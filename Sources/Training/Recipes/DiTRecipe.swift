import Diffusion
import Foundation
import Generation
import Models
import NN
import TensorCore

/// Trains a diffusion transformer on small pictures of classes that it is told, and now and then not told (Peebles & Xie
/// 2023; Ho & Salimans 2022), by flow matching or by predicting noise, as the scheduler says.
public struct DiTRecipe: TrainingRecipe {
  public static let kind = "dit"
  public static let incidental = [
    "sample_steps", "sample_sampler", "sample_guidance", "samples_per_class", "loss_limit",
  ]

  public var name: String
  public var data: DataRecipe
  /// What captions say: each is a class, or names one.
  public var classes: [String]
  /// How often the network is told no class.
  public var classDropout: Float
  /// Whether half of the pictures are mirrored.
  public var mirror: Bool
  /// Its `num_embeds_ada_norm` follows.
  public var transformer: DiTConfig
  public var scheduler: SchedulerConfig
  /// How times are drawn; nil for evenly.
  public var timestepSampling: TimestepSampling?
  public var precision: Precision
  public var samplesPerClass: Int
  public var sampleSteps: Int
  /// nil for the scheduler's.
  public var sampleSampler: SamplerName?
  public var sampleGuidance: Float
  /// The mean loss of the last log interval must be below this.
  public var lossLimit: Double
  public var loop: LoopSettings

  enum CodingKeys: String, CodingKey {
    case name, data, classes, mirror, transformer, scheduler, precision, loop
    case classDropout = "class_dropout"
    case timestepSampling = "timestep_sampling"
    case samplesPerClass = "samples_per_class"
    case sampleSteps = "sample_steps"
    case sampleSampler = "sample_sampler"
    case sampleGuidance = "sample_guidance"
    case lossLimit = "loss_limit"
  }
}

extension DiTRecipe: ClassRecipe {
  /// What samples are drawn with.
  private var sampler: SamplerName { sampleSampler ?? SamplerName(scheduler) ?? .ddim }

  /// Why samples cannot be drawn so; nil if they can.
  private var samplerProblem: RecipeProblem? {
    do {
      _ = try sampler.make(scheduler, eta: 0).plan(steps: sampleSteps)
      return nil
    } catch {
      return RecipeProblem("sample_sampler", "cannot be: \(error)")
    }
  }

  public var problem: RecipeProblem? {
    data.problem ?? PrecisionProblem.of(precision) ?? timestepSampling?.problem
      ?? classProblem([
        (
          transformer.conditioning == .classes, "transformer.norm_type",
          "must be ada_norm_zero: the network is told classes"
        ),
        (
          transformer.inChannels == 3 && transformer.outputs == 3, "transformer.in_channels",
          "and out_channels must be 3: it learns on pixels"
        ),
      ]) ?? samplerProblem
  }

  public func run(in folder: URL, _ context: RunContext) throws {
    var config = transformer
    config.classCount = classes.count
    try train(
      .transformer, side: config.sampleSize, times: timestepSampling, sampler: sampler, in: folder, context
    ) { DiTTransformer2DModel($0, config) }
  }
}
