import DataSets
import Diffusion
import Foundation
import Generation
import Images
import Models
import NN
import TensorCore
import Training

/// Trains the last stage of DALL·E 2 (Ramesh et al. 2022, §2.1): small pictures to large ones, on windows of these.
public struct UnCLIPEnlargerRecipe: TrainingRecipe {
  public static let kind = "unclip-enlarger"
  public static let incidental = ["decoder", "validation", "sample_steps", "sample_level", "gain_limit"]

  public var name: String
  public var data: DataRecipe
  /// The model's folder that a recipe of the kind `unclip-decoder` wrote.
  public var decoder: String
  /// Large pictures have its `sample_size`; its `num_class_embeds` follows from `small_scheduler`.
  public var unet: UNet2DConfig
  public var scheduler: SchedulerConfig
  /// Side of the small pictures.
  public var small: Int
  /// Its timesteps are the levels of noise in these.
  public var smallScheduler: SchedulerConfig
  /// Side of the windows that are learnt from.
  public var window: Int
  public var precision: Precision
  /// Examples kept back for measuring.
  public var heldBack: Int
  /// How many of these are enlarged at the end.
  public var validation: Int
  public var sampleSteps: Int
  /// Level of noise in the small pictures of samples.
  public var sampleLevel: Int
  /// How much closer to the true pictures than plain enlarging the result must be, in dB.
  public var gainLimit: Double
  public var loop: LoopSettings

  enum CodingKeys: String, CodingKey {
    case name, data, decoder, unet, scheduler, small, window, precision, validation, loop
    case smallScheduler = "small_scheduler"
    case heldBack = "held_back"
    case sampleSteps = "sample_steps"
    case sampleLevel = "sample_level"
    case gainLimit = "gain_limit"
  }
}

extension UnCLIPEnlargerRecipe {
  public var problem: RecipeProblem? {
    let (side, levels) = (unet.sampleSize, smallScheduler.trainSteps)
    let rules: [RecipeProblem.Rule] = [
      (unet.inChannels == 6, "unet.in_channels", "must be 6: the noisy picture and the small one"),
      (unet.outChannels == 3, "unet.out_channels", "must be 3"),
      (
        unet.classCount == nil || unet.classCount == levels, "unet.num_class_embeds",
        "must be \(levels), the timesteps of small_scheduler; it can be left out"
      ),
      ((2..<max(side, 3)).contains(small), "small", "must be 2 to less than unet.sample_size \(side)"),
      ((small...max(side, small)).contains(window), "window", "must be \(small) to unet.sample_size \(side)"),
      ((8...10_000).contains(heldBack), "held_back", "must be 8 to 10000"),
      ((8...max(heldBack, 8)).contains(validation), "validation", "must be 8 to held_back \(heldBack)"),
      ((1...scheduler.trainSteps).contains(sampleSteps), "sample_steps", "must be 1 to \(scheduler.trainSteps)"),
      ((0..<levels).contains(sampleLevel), "sample_level", "must be 0 to \(levels - 1)"),
      ((-100...100).contains(gainLimit), "gain_limit", "must be -100 to 100"),
    ]
    return data.problem ?? PrecisionProblem.of(precision) ?? RecipeProblem.first(rules)
  }

  /// Trains, or goes on training, writes the enlarger with what it was given to `model/`, and throws if it is no better
  /// than plain enlarging.
  public func run(in folder: URL, _ context: RunContext) throws {
    let runFolder = try RunFolder(folder)
    let given = UnCLIPFolder(DataLocation.url(decoder))
    let side = try given.decoder(for: given.contrastive(madeBy: "unclip-decoder"), dtype: precision.dtype).side
    guard side == small else {
      throw TrainingError.badRecipe(path: name, reason: "small is \(small), the decoder's pictures have \(side)")
    }
    let pictures = try data.open(note: context.note)
    guard pictures.count > heldBack else {
      throw TrainingError.noData(
        path: "held_back", reason: "\(heldBack) examples are kept back for measuring, there are \(pictures.count)")
    }
    let source = EnlargerSource(
      data: pictures, side: unet.sampleSize, small: small, window: window, heldBack: heldBack)
    let objective = try objective()
    context.note("\(name): \(objective.groups[0].size) parameters, windows of \(source.count) pictures")
    let trained = TrainedEnlarger(
      recipe: self, objective: objective, source: source, given: given, folder: folder, note: context.note)
    let result = try TrainingRun(
      loop, in: runFolder, identity: identity(), source: source, objective: objective, artifact: trained,
      optimizer: loop.optimizerSettings(precision.dtype), context
    ).tellingCost().run()
    if result.isFinished, let gain = trained.gain, gain < gainLimit {
      throw TrainingError.selfCheck(
        recipe: name, reason: "its pictures are \(gain) dB closer than plain enlarging, below \(gainLimit)")
    }
  }

  func objective() throws -> EnlargerObjective {
    var config = unet
    config.classCount = smallScheduler.trainSteps
    let store = ParameterStore(RandomInitialization(seed: loop.seed), isTrainable: { _ in true })
    let enlarger = UnCLIPEnlarger(
      network: UNet2DModel(store.root, config), scheduler: scheduler, smallScheduler: smallScheduler,
      dtype: precision.dtype)
    return EnlargerObjective(
      enlarger: enlarger, prediction: NoisePrediction(try scheduler.trainingSchedule, dtype: precision.dtype),
      groups: [ParameterGroup("unet", store.parameters)])
  }
}

/// An enlarger in a run's folder.
final class TrainedEnlarger: Artifact {
  private let recipe: UnCLIPEnlargerRecipe
  private let objective: EnlargerObjective
  private let source: EnlargerSource
  private let given: UnCLIPFolder
  private let folder: URL
  private let note: (String) -> Void
  /// By how many dB its pictures are closer to the true ones than plain enlarging.
  private(set) var gain: Double?

  init(
    recipe: UnCLIPEnlargerRecipe, objective: EnlargerObjective, source: EnlargerSource, given: UnCLIPFolder,
    folder: URL,
    note: @escaping (String) -> Void
  ) {
    (self.recipe, self.objective, self.source) = (recipe, objective, source)
    (self.given, self.folder, self.note) = (given, folder, note)
  }

  /// Pictures that were kept back: true, made small and enlarged plainly, and by the network, `[n, S, S, 3]` each.
  private func enlarged(_ count: Int) throws -> (real: Tensor, plain: Tensor, drawn: Tensor) {
    let indices = Array((source.count..<source.data.count).prefix(count))
    let images = try indices.map { try source.data.example($0, size: source.side).image }
    let small = ImageTensor.pack(
      images.map { $0.resized(width: source.small, height: source.small, filter: .area) })
    let drawn = try objective.enlarger.pictures(
      of: small, seeds: indices.map(UInt64.init), steps: recipe.sampleSteps, level: recipe.sampleLevel)
    return (ImageTensor.pack(images), UnCLIPEnlarger.enlarged(small, to: source.side), drawn)
  }

  private static let shown = 5

  /// Rows of pictures enlarged plainly, by the network, and as they were.
  func preview(step: Int) throws -> [URL] {
    guard step > 0 else { return [] }
    let found = try enlarged(Self.shown)
    let rows = [
      CaptionedRows.Row(images: ImageTensor.images(found.plain), caption: "enlarged plainly"),
      .init(images: ImageTensor.images(found.drawn), caption: "by the network"),
      .init(images: ImageTensor.images(found.real), caption: "as they were"),
    ]
    return [try SampleGrid.save([CaptionedRows.make(rows, scale: 1)], columns: 1, step: step, in: folder)]
  }

  func write(step: Int, isLast: Bool) throws -> [URL] {
    let target = UnCLIPFolder(folder.appendingPathComponent("model"))
    try target.take(given.url)
    try target.save(objective.enlarger, objective.groups[0].parameters)
    if isLast {
      let found = try enlarged(recipe.validation)
      func decibels(_ other: Tensor) -> Double {
        -10 * log10(Double((other.clamped(-1, 1) - found.real).squared.mean().scalar) / 4)
      }
      let (own, plain) = (decibels(found.drawn), decibels(found.plain))
      gain = own - plain
      note(
        String(
          format: "%@: %d pictures kept back, enlarged from %d to %d pixels: %.2f dB (plainly %.2f dB)", recipe.name,
          recipe.validation, source.small, source.side, own, plain))
    }
    return [target.url]
  }
}
