import Checkpoints
import Diffusion
import Foundation
import ModelFiles
import Models
import NN
import TensorCore

/// Trains a classifier of noisy pictures or latents, whose gradient guides (Dhariwal & Nichol 2021, §4); without a scheduler,
/// one of clean pictures, which judges.
public struct ClassifierRecipe: TrainingRecipe {
  public static let kind = "classifier"
  public static let incidental = ["accuracy_limit", "cache"]

  public var name: String
  public var data: DataRecipe
  /// Side of the pictures.
  public var size: Int
  /// What captions say: each is a class, or names one.
  public var classes: [String]
  /// Its `projection_dim` and `sample_size` follow from the others.
  public var encoder: EncoderUNet2DConfig
  /// The noise schedule of the models to be guided; nil for clean samples alone.
  public var scheduler: SchedulerConfig?
  public var timestepSampling: TimestepSampling?
  /// The folder of the autoencoder whose latents are looked at; nil for pixels.
  public var autoencoder: String?
  /// Where latents are kept between runs.
  public var cache: String?
  /// Whether half of the pictures are mirrored.
  public var mirror: Bool?
  public var precision: Precision
  /// Examples kept back for measuring.
  public var validation: Int
  /// Share of these that must be told right without noise.
  public var accuracyLimit: Double
  public var loop: LoopSettings

  enum CodingKeys: String, CodingKey {
    case name, data, size, classes, encoder, scheduler, autoencoder, cache, mirror, precision, validation, loop
    case timestepSampling = "timestep_sampling"
    case accuracyLimit = "accuracy_limit"
  }
}

extension ClassifierRecipe {
  public var problem: RecipeProblem? {
    let rules: [RecipeProblem.Rule] = [
      ((0...1).contains(accuracyLimit), "accuracy_limit", "must be 0 to 1"),
      (scheduler != nil || timestepSampling == nil, "timestep_sampling", "needs a scheduler"),
    ]
    return GuideSamples.problem(
      data, size: size, encoder: encoder, autoencoder: autoencoder, cache: cache, mirrors: mirror ?? false,
      validation: validation, precision: precision) ?? CaptionClasses.problem(classes)
      ?? RecipeProblem.first(rules) ?? timestepSampling?.problem
  }

  /// Trains, or goes on training, writes the network to `classifier/`, and throws if too many examples kept back are told wrong.
  public func run(in folder: URL, _ context: RunContext) throws {
    let runFolder = try RunFolder(folder)
    guard
      let samples = try GuideSamples(
        data, size: size, autoencoder: autoencoder, cache: cache, precision: precision, mirrors: mirror ?? false,
        heldBack: validation, context)
    else { return }
    var config = encoder
    (config.projectionDim, config.sampleSize) = (classes.count, size / samples.space.downscale)
    try config.check(samples.space, recipe: name)
    let store = ParameterStore(RandomInitialization(seed: loop.seed), isTrainable: { _ in true })
    let model = EncoderUNet2DModel(store.root, config)
    let named = CaptionClasses(classes)
    // Of pictures captions are seen when they are read.
    if case .latents(let cache) = samples.source.content { _ = try named.targets(cache.captions) }
    let objective = ClassifierObjective(
      model: model, classes: named,
      noising: try SampleNoising(scheduler, timestepSampling, precision),
      groups: [ParameterGroup("classifier", store.parameters)])
    context.note(
      "\(name): \(objective.groups[0].size) parameters, \(samples.source.count) pictures of \(classes.count) classes")
    let trained = TrainedClassifier(
      recipe: self, objective: objective, samples: samples, folder: folder, note: context.note)
    let result = try TrainingRun(
      loop, in: runFolder, identity: identity(), source: samples.source, objective: objective, artifact: trained,
      optimizer: loop.optimizerSettings(precision.dtype), context
    ).tellingCost().run()
    if result.isFinished, let accuracy = trained.cleanAccuracy, accuracy < accuracyLimit {
      throw TrainingError.selfCheck(recipe: name, reason: "it tells \(accuracy) right, below \(accuracyLimit)")
    }
  }
}

/// A classifier in a run's folder.
final class TrainedClassifier: Artifact {
  private let recipe: ClassifierRecipe
  private let objective: ClassifierObjective
  private let samples: GuideSamples
  private let folder: URL
  private let note: (String) -> Void
  /// Share of the examples kept back that the network tells right without noise.
  private(set) var cleanAccuracy: Double?

  init(
    recipe: ClassifierRecipe, objective: ClassifierObjective, samples: GuideSamples, folder: URL,
    note: @escaping (String) -> Void
  ) {
    (self.recipe, self.objective, self.samples) = (recipe, objective, samples)
    (self.folder, self.note) = (folder, note)
  }

  /// Says how many of the examples kept back are told right, by the noise in them.
  func preview(step: Int) throws -> [URL] {
    guard step > 0 else { return [] }
    let score = try GuideScore(
      samples.source, objective.noising, trainSteps: recipe.scheduler?.trainSteps, seed: recipe.loop.seed
    ) { noisy, timesteps, captions in
      let logits = objective.model(noisy, timesteps: timesteps).cast(to: .f32)
      return zip(logits.largestInRows, try objective.classes.targets(captions)).map { $0 == $1 }
    }
    cleanAccuracy = score.clean
    note("step \(step)  right of \(score.count): \(score.text)")
    return []
  }

  func write(step: Int, isLast: Bool) throws -> [URL] {
    let target = folder.appendingPathComponent("classifier")
    try ModelFolder(target.appendingPathComponent("encoder")).save(
      objective.groups[0].parameters, config: objective.model.config, className: "EncoderUNet2DModel",
      name: "diffusion_pytorch_model", dtype: .f16)
    try GuideFolder(target).save(
      GuideFolder.Index(kind: .classifier, space: samples.space, classes: objective.classes.names),
      scheduler: recipe.scheduler)
    return [target]
  }
}
