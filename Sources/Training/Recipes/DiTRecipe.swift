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

extension DiTRecipe {
  public var problem: RecipeProblem? {
    let rules: [RecipeProblem.Rule] = [
      (classDropout > 0 && classDropout < 1, "class_dropout", "must be above 0 and below 1"),
      ((1...100).contains(samplesPerClass), "samples_per_class", "must be 1 to 100"),
      ((1...scheduler.trainSteps).contains(sampleSteps), "sample_steps", "must be 1 to \(scheduler.trainSteps)"),
      ((0...100).contains(sampleGuidance), "sample_guidance", "must be 0 to 100"),
      (
        transformer.conditioning == .classes, "transformer.norm_type",
        "must be ada_norm_zero: the network is told classes"
      ),
      (
        transformer.inChannels == 3 && transformer.outputs == 3, "transformer.in_channels",
        "and out_channels must be 3: it learns on pixels"
      ),
    ]
    return data.problem ?? PrecisionProblem.of(precision) ?? timestepSampling?.problem
      ?? CaptionClasses.problem(classes) ?? RecipeProblem.first(rules)
  }

  /// Trains, or goes on training, writes the model and samples, and throws if the loss stayed high.
  public func run(in folder: URL, _ context: RunContext) throws {
    let runFolder = try RunFolder(folder)
    var config = transformer
    config.classCount = classes.count
    let pictures = CaptionedSamples(
      content: .pixels(try data.open(note: context.note), size: config.sampleSize, mirrors: mirror), heldBack: 0)
    let store = ParameterStore(RandomInitialization(seed: loop.seed), isTrainable: { _ in true })
    let model = DiTTransformer2DModel(store.root, config)
    let objective = DiTObjective(
      model: model, classes: CaptionClasses(classes), dropout: classDropout,
      loss: try scheduler.denoisingLoss(times: timestepSampling, dtype: precision.dtype),
      groups: [ParameterGroup("transformer", store.parameters)])
    context.note(
      "\(name): \(objective.groups[0].size) parameters, \(pictures.count) pictures of \(classes.count) classes")
    let result = try TrainingRun(
      loop, in: runFolder, identity: identity(), source: pictures, objective: objective,
      artifact: TrainedDiT(recipe: self, model: model, parameters: store.parameters, folder: folder),
      optimizer: loop.optimizerSettings(precision.dtype), context
    ).run()
    if result.isFinished, let last = result.meanLosses.last, last > lossLimit {
      throw TrainingError.selfCheck(recipe: name, reason: "loss \(last) is above \(lossLimit)")
    }
  }
}

/// Noise in pictures of classes, of which the network is told none now and then.
struct DiTObjective: Objective {
  let model: DiTTransformer2DModel
  let classes: CaptionClasses
  /// How often no class is told; the class after the last stands for none.
  let dropout: Float
  let loss: any DenoisingLoss
  let groups: [ParameterGroup]

  func loss(_ batch: SampleBatch, random: inout [ExampleRandom]) throws -> Tensor {
    let told = try batch.captions.enumerated().map { row, caption in
      let index = try classes.index(of: caption)
      return random[row].uniform() < dropout ? classes.names.count : index
    }
    return try loss.loss(of: batch.samples, random: &random) { model($0, timesteps: $1, classes: told) }
  }
}
