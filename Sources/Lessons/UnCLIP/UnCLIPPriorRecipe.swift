import Diffusion
import Foundation
import Generation
import Models
import NN
import TensorCore
import Training

/// Trains the prior of DALL·E 2 (Ramesh et al. 2022, §2.2): a text to the embeddings of pictures it could belong to.
public struct UnCLIPPriorRecipe: TrainingRecipe {
  public static let kind = "unclip-prior"
  public static let incidental = [
    "contrastive", "sample_steps", "sample_guidance", "candidates", "gain_limit",
  ]

  public var name: String
  public var data: DataRecipe
  /// The folder of the contrastive model, which a recipe of the kind `contrastive` trained on clean pictures.
  public var contrastive: String
  /// Its `embedding_dim` and `num_embeddings` follow from the contrastive model.
  public var transformer: PriorTransformerConfig
  /// Its `prediction_type` must be `sample`.
  public var scheduler: SchedulerConfig
  /// How often a caption is left out, which makes guidance possible.
  public var textDropout: Float
  public var precision: Precision
  /// Examples kept back for measuring.
  public var validation: Int
  public var sampleSteps: Int
  public var sampleGuidance: Float
  /// Embeddings drawn for each text, of which the one closest to the text's is taken.
  public var candidates: Int
  /// How much closer to the true embedding, in cosine, the prior's must be than the mean of all embeddings is.
  public var gainLimit: Double
  public var loop: LoopSettings

  enum CodingKeys: String, CodingKey {
    case name, data, contrastive, transformer, scheduler, precision, validation, candidates, loop
    case textDropout = "text_dropout"
    case sampleSteps = "sample_steps"
    case sampleGuidance = "sample_guidance"
    case gainLimit = "gain_limit"
  }
}

extension UnCLIPPriorRecipe {
  public var problem: RecipeProblem? {
    let rules: [RecipeProblem.Rule] = [
      ((0..<1).contains(textDropout), "text_dropout", "must be 0 to 1, below 1"),
      ((64...10_000).contains(validation), "validation", "must be 64 to 10000"),
      ((1...scheduler.trainSteps).contains(sampleSteps), "sample_steps", "must be 1 to \(scheduler.trainSteps)"),
      ((1...100).contains(sampleGuidance), "sample_guidance", "must be 1 to 100"),
      (sampleGuidance == 1 || textDropout > 0, "text_dropout", "must be above 0 where sample_guidance is not 1"),
      ((1...100).contains(candidates), "candidates", "must be 1 to 100"),
      ((-2...2).contains(gainLimit), "gain_limit", "must be -2 to 2"),
      (
        scheduler.predictionType == .sample, "scheduler.prediction_type",
        "must be sample: the prior tells the clean embedding"
      ),
    ]
    return data.problem ?? PrecisionProblem.of(precision) ?? RecipeProblem.first(rules)
  }

  /// Trains, or goes on training, writes the prior with the contrastive model to `model/`, and throws if it tells
  /// hardly more than the mean.
  public func run(in folder: URL, _ context: RunContext) throws {
    let runFolder = try RunFolder(folder)
    let place = DataLocation.url(contrastive)
    let model = try UnCLIPFolder.contrastive(place)
    guard
      let pictures = try EmbeddedPictures(try data.open(note: context.note), model, heldBack: validation, context)
    else { return }
    let (objective, parameters) = try objective(model, pictures)
    context.note("\(name): \(objective.groups[0].size) parameters, \(pictures.count) embeddings of \(pictures.width)")
    let trained = TrainedPrior(
      recipe: self, objective: objective, parameters: parameters, pictures: pictures, contrastive: place,
      folder: folder, note: context.note)
    let result = try TrainingRun(
      loop, in: runFolder, identity: identity(facts: ["contrastive_model": try UnCLIPFolder(place).hash()]),
      source: PriorSource(pictures: pictures, textDropout: textDropout), objective: objective, artifact: trained,
      optimizer: loop.optimizerSettings(precision.dtype), context
    ).tellingCost().run()
    if result.isFinished, let score = trained.score, score.gain < gainLimit {
      throw TrainingError.selfCheck(
        recipe: name, reason: "its cosine with true embeddings is \(score.gain) above the mean's, below \(gainLimit)")
    }
  }

  /// - Returns: what is learnt, and all weights of the network, those that are not learnt among them.
  func objective(_ model: ContrastiveModel, _ pictures: EmbeddedPictures) throws -> (PriorObjective, [Parameter]) {
    var config = transformer
    config.embeddingDim = model.width
    config.embeddingCount = model.text.model.config.positionCount
    let store = ParameterStore(RandomInitialization(seed: loop.seed), isTrainable: PriorTransformer.isLearnt)
    let network = PriorTransformer(store.root, config)
    let (mean, deviation) = pictures.statistics
    network.clipMean.replace(with: mean)
    network.clipStd.replace(with: deviation)
    let prior = UnCLIPPrior(network: network, scheduler: scheduler, dtype: precision.dtype)
    return (
      PriorObjective(
        prior: prior, model: model,
        prediction: NoisePrediction(try scheduler.trainingSchedule, dtype: precision.dtype),
        groups: [ParameterGroup("prior", store.parameters.filter(\.isTrainable))]), store.parameters
    )
  }
}

/// A prior in a run's folder.
final class TrainedPrior: Artifact {
  private let recipe: UnCLIPPriorRecipe
  private let objective: PriorObjective
  private let parameters: [Parameter]
  private let pictures: EmbeddedPictures
  private let contrastive, folder: URL
  private let note: (String) -> Void
  /// Of the finished prior.
  private(set) var score: PriorScore?

  init(
    recipe: UnCLIPPriorRecipe, objective: PriorObjective, parameters: [Parameter], pictures: EmbeddedPictures,
    contrastive: URL, folder: URL, note: @escaping (String) -> Void
  ) {
    (self.recipe, self.objective, self.parameters, self.pictures) = (recipe, objective, parameters, pictures)
    (self.contrastive, self.folder, self.note) = (contrastive, folder, note)
  }

  private var settings: PriorSettings {
    PriorSettings(steps: recipe.sampleSteps, guidance: recipe.sampleGuidance, candidates: recipe.candidates)
  }

  /// Pictures to learn from whose embeddings are closest to what the prior draws: a row for each of eight texts, the
  /// picture that was kept back with it first.
  func preview(step: Int) throws -> [URL] {
    guard step > 0 else { return [] }
    let (side, shown) = (objective.model.image.config.sampleSize, Array(pictures.heldBackIndices.prefix(Self.rows)))
    let all = pictures.embeddings(0..<pictures.count)
    let rows = try shown.map { index in
      let texts = Array(repeating: pictures.captions[index], count: Self.columns)
      let drawn = try objective.prior.embeddings(
        of: texts, objective.model, seeds: texts.indices.map(UInt64.init), settings)
      let nearest = drawn.matmul(all, transposeB: true).largestInRows
      let found = try pictures.pictures([index] + nearest, side: side)
      return CaptionedRows.Row(images: ImageTensor.images(found), caption: pictures.captions[index])
    }
    return [try SampleGrid.save([CaptionedRows.make(rows, scale: 2)], columns: 1, step: step, in: folder)]
  }

  private static let (rows, columns) = (8, 8)

  func write(step: Int, isLast: Bool) throws -> [URL] {
    let target = UnCLIPFolder(folder.appendingPathComponent("model"))
    try target.takeContrastive(contrastive)
    try target.save(objective.prior, parameters)
    if isLast {
      let found = try PriorScore(objective.prior, objective.model, pictures, settings, seed: recipe.loop.seed)
      score = found
      for line in found.lines { note("\(recipe.name): \(line)") }
    }
    return [target.url]
  }
}
