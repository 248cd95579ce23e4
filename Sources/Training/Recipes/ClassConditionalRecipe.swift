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

extension ClassConditionalRecipe {
  public var problem: RecipeProblem? {
    let rules: [RecipeProblem.Rule] = [
      (classDropout > 0 && classDropout < 1, "class_dropout", "must be above 0 and below 1"),
      ((1...100).contains(samplesPerClass), "samples_per_class", "must be 1 to 100"),
      ((1...scheduler.trainSteps).contains(sampleSteps), "sample_steps", "must be 1 to \(scheduler.trainSteps)"),
      ((0...100).contains(sampleGuidance), "sample_guidance", "must be 0 to 100"),
      (unet.inChannels == 3 && unet.outChannels == 3, "unet.in_channels", "and out_channels must be 3"),
      (
        unet.classCount == nil || unet.classCount == classes.count + 1, "unet.num_class_embeds",
        "must be \(classes.count + 1): the classes and one for none; it can be left out"
      ),
    ]
    return data.problem ?? PrecisionProblem.of(precision) ?? CaptionClasses.problem(classes)
      ?? RecipeProblem.first(rules)
  }

  /// Trains, or goes on training, writes the model and samples, and throws if the loss stayed high.
  public func run(in folder: URL, _ context: RunContext) throws {
    let runFolder = try RunFolder(folder)
    var config = unet
    config.classCount = classes.count + 1
    let pictures = CaptionedSamples(
      content: .pixels(try data.open(note: context.note), size: config.sampleSize, mirrors: mirror), heldBack: 0)
    let store = ParameterStore(RandomInitialization(seed: loop.seed), isTrainable: { _ in true })
    let model = UNet2DModel(store.root, config)
    let objective = ClassObjective(
      model: model, classes: CaptionClasses(classes), dropout: classDropout,
      prediction: NoisePrediction(try scheduler.trainingSchedule, dtype: precision.dtype),
      groups: [ParameterGroup("unet", store.parameters)])
    context.note(
      "\(name): \(objective.groups[0].size) parameters, \(pictures.count) pictures of \(classes.count) classes")
    let wanted = (0..<(samplesPerClass * classes.count)).map { $0 % classes.count }
    let drawn = PixelModel(
      unet: model, parameters: store.parameters, scheduler: scheduler, precision: precision,
      classes: objective.classes.names,
      folder: folder, columns: classes.count
    ) { images in
      try images.generate(
        seeds: wanted.indices.map(UInt64.init), steps: sampleSteps, sampler: .ddpm,
        wish: ClassWish(wanted, guidance: Guidance(scale: sampleGuidance)))
    }
    let result = try TrainingRun(
      loop, in: runFolder, identity: identity(), source: pictures, objective: objective, artifact: drawn,
      optimizer: loop.optimizerSettings(precision.dtype), context
    ).run()
    if result.isFinished, let last = result.meanLosses.last, last > lossLimit {
      throw TrainingError.selfCheck(recipe: name, reason: "loss \(last) is above \(lossLimit)")
    }
  }
}
