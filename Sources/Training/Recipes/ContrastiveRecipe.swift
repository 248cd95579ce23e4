import Checkpoints
import Diffusion
import Foundation
import Generation
import ModelFiles
import Models
import NN
import TensorCore
import Tokenizers

/// Trains a network for noisy pictures or latents and one for texts that agree on where things lie (CLIP, Radford et al. 2021),
/// for guidance by words (Nichol et al. 2022, §2.4).
public struct ContrastiveRecipe: TrainingRecipe {
  public static let kind = "contrastive"
  public static let incidental = ["cache", "recall_limit"]

  public var name: String
  public var data: DataRecipe
  /// Side of the pictures.
  public var size: Int
  /// Its `projection_dim` is the width of the common space.
  public var encoder: EncoderUNet2DConfig
  public var textEncoder: CLIPTextConfig
  /// The folder of the tokenizer.
  public var tokenizer: String
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
  /// Share of these that must find their caption among a batch's without noise.
  public var recallLimit: Double
  public var loop: LoopSettings

  enum CodingKeys: String, CodingKey {
    case name, data, size, encoder, tokenizer, scheduler, autoencoder, cache, mirror, precision, validation, loop
    case textEncoder = "text_encoder"
    case timestepSampling = "timestep_sampling"
    case recallLimit = "recall_limit"
  }
}

extension ContrastiveRecipe {
  public var problem: RecipeProblem? {
    let rules: [RecipeProblem.Rule] = [
      ((0...1).contains(recallLimit), "recall_limit", "must be 0 to 1"),
      (loop.batch >= 2, "loop.batch", "must be 2 or more: captions are told from those of the batch"),
      (scheduler != nil || timestepSampling == nil, "timestep_sampling", "needs a scheduler"),
    ]
    return GuideSamples.problem(
      data, size: size, encoder: encoder, autoencoder: autoencoder, cache: cache, mirrors: mirror ?? false,
      validation: validation, precision: precision) ?? RecipeProblem.first(rules)
      ?? timestepSampling?.problem
  }

  /// Trains, or goes on training, and writes both networks to `contrastive/`.
  public func run(in folder: URL, _ context: RunContext) throws {
    let runFolder = try RunFolder(folder)
    guard
      let samples = try GuideSamples(
        data, size: size, autoencoder: autoencoder, cache: cache, precision: precision, mirrors: mirror ?? false,
        heldBack: validation, context)
    else { return }
    let objective = try objective(samples.space)
    let numbers = objective.groups.reduce(0) { $0 + $1.size }
    context.note("\(name): \(numbers) parameters, \(samples.source.count) pictures")
    let trained = TrainedContrastive(
      recipe: self, objective: objective, samples: samples, folder: folder, note: context.note)
    let result = try TrainingRun(
      loop, in: runFolder, identity: identity(), source: samples.source, objective: objective, artifact: trained,
      optimizer: loop.optimizerSettings(precision.dtype), context
    ).tellingCost().run()
    if result.isFinished, let recall = trained.cleanRecall, recall < recallLimit {
      throw TrainingError.selfCheck(
        recipe: name, reason: "\(recall) of the pictures find their caption, below \(recallLimit)")
    }
  }

  private func objective(_ space: SampleSpace) throws -> ContrastiveObjective {
    let words = try CLIPTokenizer(directory: DataLocation.url(tokenizer))
    var (config, textConfig) = (encoder, textEncoder)
    config.sampleSize = size / space.downscale
    try config.check(space, recipe: name)
    textConfig.vocabularySize = words.vocabularySize
    textConfig.endTokenID = Int(words.endID)
    (textConfig.architectures, textConfig.projectionSize) = (["CLIPTextModelWithProjection"], config.projectionDim)
    func store(_ number: UInt64) -> ParameterStore {
      ParameterStore(RandomInitialization(seed: loop.seed &+ number), isTrainable: { _ in true })
    }
    let (images, texts, scale) = (store(0), store(1), store(2))
    let (image, text) = (EncoderUNet2DModel(images.root, config), CLIPTextModel(texts.root, textConfig))
    let temperature = scale.root.logit_scale.parameter([1], .zeros)
    return ContrastiveObjective(
      image: image, text: text, tokenizer: words, temperature: temperature,
      noising: try SampleNoising(scheduler, timestepSampling, precision),
      groups: [
        ParameterGroup("image_encoder", images.parameters), ParameterGroup("text_encoder", texts.parameters),
        ParameterGroup("logit_scale", scale.parameters),
      ])
  }
}

/// A contrastive model in a run's folder.
final class TrainedContrastive: Artifact {
  private let recipe: ContrastiveRecipe
  private let objective: ContrastiveObjective
  private let samples: GuideSamples
  private let folder: URL
  private let note: (String) -> Void
  /// Share of the examples kept back that find their caption among those of their batch.
  private(set) var cleanRecall: Double?

  init(
    recipe: ContrastiveRecipe, objective: ContrastiveObjective, samples: GuideSamples, folder: URL,
    note: @escaping (String) -> Void
  ) {
    (self.recipe, self.objective, self.samples) = (recipe, objective, samples)
    (self.folder, self.note) = (folder, note)
  }

  /// Says how many pictures find their caption among 64, by the noise in them.
  func preview(step: Int) throws -> [URL] {
    guard step > 0 else { return [] }
    let score = try GuideScore(
      samples.source, objective.noising, trainSteps: recipe.scheduler?.trainSteps, seed: recipe.loop.seed
    ) { noisy, timesteps, captions in
      let found = objective.similarities(noisy, timesteps: timesteps, captions).largestInRows
      return found.enumerated().map { captions[$1] == captions[$0] }
    }
    cleanRecall = score.clean
    note(
      "step \(step)  captions found of \(score.count), among 64: \(score.text)"
        + String(format: "; scale %.1f", objective.logitScale))
    return []
  }

  func write(step: Int, isLast: Bool) throws -> [URL] {
    let target = folder.appendingPathComponent("contrastive")
    func part(_ name: String) -> ModelFolder { ModelFolder(target.appendingPathComponent(name)) }
    try part("image_encoder").save(
      objective.groups[0].parameters, config: objective.image.config, className: "EncoderUNet2DModel",
      name: "diffusion_pytorch_model", dtype: .f16)
    try part("text_encoder").save(
      objective.groups[1].parameters, config: objective.text.config, className: "CLIPTextModelWithProjection",
      name: "model", dtype: .f16)
    try DiffusersFolder.copy(DataLocation.url(recipe.tokenizer), to: part("tokenizer").url)
    try GuideFolder(target).save(
      GuideFolder.Index(kind: .contrastive, space: samples.space, logitScale: objective.logitScale),
      scheduler: recipe.scheduler)
    return [target]
  }
}
