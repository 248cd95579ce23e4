import Checkpoints
import Diffusion
import Foundation
import Generation
import Images
import Models
import NN
import TensorCore

/// Trains an unconditional U-Net on small pictures (Ho et al. 2020), and checks that the loss fell.
public struct UnconditionalRecipe: TrainingRecipe {
  public static let kind = "unconditional"
  public static let incidental = ["sample_count", "sample_steps", "loss_limit", "published"]

  public var name: String
  public var data: DataRecipe
  public var unet: UNet2DConfig
  public var scheduler: SchedulerConfig
  public var precision: Precision
  public var sampleCount: Int
  public var sampleSteps: Int
  /// The mean loss of the last log interval must be below this.
  public var lossLimit: Double
  /// What others report of the same training, said beside the result; nil where there is nothing to compare with.
  public var published: String?
  public var loop: LoopSettings

  enum CodingKeys: String, CodingKey {
    case name, data, unet, scheduler, precision, published, loop
    case sampleCount = "sample_count"
    case sampleSteps = "sample_steps"
    case lossLimit = "loss_limit"
  }
}

extension UnconditionalRecipe {
  public var problem: RecipeProblem? {
    let rules: [RecipeProblem.Rule] = [
      ((1...1024).contains(sampleCount), "sample_count", "must be 1 to 1024"),
      ((1...scheduler.trainSteps).contains(sampleSteps), "sample_steps", "must be 1 to \(scheduler.trainSteps)"),
      (unet.inChannels == 3 && unet.outChannels == 3, "unet.in_channels", "and out_channels must be 3"),
    ]
    return data.problem ?? PrecisionProblem.of(precision) ?? RecipeProblem.first(rules)
  }

  /// Trains, or goes on training, writes the model and samples, and throws if the loss stayed high.
  public func run(in folder: URL, _ context: RunContext) throws {
    let pictures = PixelPictures(data: try data.open(note: context.note), size: unet.sampleSize)
    let store = ParameterStore(RandomInitialization(seed: loop.seed), isTrainable: { _ in true })
    let model = UNet2DModel(store.root, unet)
    let objective = PixelObjective(
      model: model, prediction: NoisePrediction(try scheduler.trainingSchedule, dtype: precision.dtype),
      groups: [ParameterGroup("unet", store.parameters)])
    context.note("\(name): \(objective.groups[0].size) parameters, \(pictures.count) pictures")
    let result = try TrainingRun(
      loop, in: RunFolder(folder), identity: identity(), source: pictures, objective: objective,
      artifact: PixelModel(
        network: model, parameters: store.parameters, scheduler: scheduler, precision: precision, folder: folder,
        columns: 8
      ) { try $0.generate(seeds: (0..<sampleCount).map(UInt64.init), steps: sampleSteps) },
      optimizer: loop.optimizerSettings(precision.dtype), context
    ).tellingCost().run()
    try checkLoss(result, below: lossLimit, published: published, context)
  }
}
