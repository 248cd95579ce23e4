import Diffusion
import Foundation
import Generation
import Models
import NN
import TensorCore
import Training

/// Trains the decoder of DALL·E 2 (Ramesh et al. 2022, §2.1): embeddings of pictures to pictures.
public struct UnCLIPDecoderRecipe: TrainingRecipe {
  public static let kind = "unclip-decoder"
  public static let incidental = [
    "prior", "validation", "sample_steps", "sample_guidance", "prior_steps", "prior_guidance", "candidates",
    "recall_limit",
  ]

  public var name: String
  public var data: DataRecipe
  /// The model's folder that a recipe of the kind `unclip-prior` wrote.
  public var prior: String
  /// Pictures have its `sample_size`.
  public var unet: UNet2DConditionConfig
  /// Tokens an embedding becomes for it.
  public var tokens: Int
  public var scheduler: SchedulerConfig
  public var timestepSampling: TimestepSampling?
  /// How often the embedding is zero, which makes guidance possible.
  public var embeddingDropout: Float
  public var precision: Precision
  /// Examples kept back for measuring.
  public var heldBack: Int
  /// How many of these are drawn from at the end.
  public var validation: Int
  public var sampleSteps: Int
  public var sampleGuidance: Float
  public var priorSteps: Int
  public var priorGuidance: Float
  public var candidates: Int
  /// Share of the pictures drawn from texts that must find their caption among a batch's.
  public var recallLimit: Double
  public var loop: LoopSettings

  enum CodingKeys: String, CodingKey {
    case name, data, prior, unet, tokens, scheduler, precision, validation, candidates, loop
    case timestepSampling = "timestep_sampling"
    case embeddingDropout = "embedding_dropout"
    case heldBack = "held_back"
    case sampleSteps = "sample_steps"
    case sampleGuidance = "sample_guidance"
    case priorSteps = "prior_steps"
    case priorGuidance = "prior_guidance"
    case recallLimit = "recall_limit"
  }
}

extension UnCLIPDecoderRecipe {
  public var problem: RecipeProblem? {
    let rules: [RecipeProblem.Rule] = [
      (unet.inChannels == 3 && unet.outChannels == 3, "unet.in_channels", "and out_channels must be 3"),
      (
        unet.additionEmbedType != "text_time", "unet.addition_embed_type",
        "must be text, which adds the embedding to that of the time, or be left out"
      ),
      ((1...256).contains(tokens), "tokens", "must be 1 to 256"),
      ((0..<1).contains(embeddingDropout), "embedding_dropout", "must be 0 to 1, below 1"),
      ((8...10_000).contains(heldBack), "held_back", "must be 8 to 10000"),
      ((8...max(heldBack, 8)).contains(validation), "validation", "must be 8 to held_back \(heldBack)"),
      ((1...scheduler.trainSteps).contains(sampleSteps), "sample_steps", "must be 1 to \(scheduler.trainSteps)"),
      ((1...100).contains(sampleGuidance), "sample_guidance", "must be 1 to 100"),
      (
        sampleGuidance == 1 || embeddingDropout > 0, "embedding_dropout",
        "must be above 0 where sample_guidance is not 1"
      ),
      ((1...1000).contains(priorSteps), "prior_steps", "must be 1 to 1000"),
      ((1...100).contains(priorGuidance), "prior_guidance", "must be 1 to 100"),
      ((1...100).contains(candidates), "candidates", "must be 1 to 100"),
      ((0...1).contains(recallLimit), "recall_limit", "must be 0 to 1"),
    ]
    return data.problem ?? PrecisionProblem.of(precision) ?? timestepSampling?.problem ?? RecipeProblem.first(rules)
  }

  /// How pictures are drawn on the way and at the end.
  var settings: (prior: PriorSettings, decoder: DecoderSettings) {
    (
      PriorSettings(steps: priorSteps, guidance: priorGuidance, candidates: candidates),
      DecoderSettings(steps: sampleSteps, guidance: sampleGuidance)
    )
  }

  /// Trains, or goes on training, writes the decoder with what it was given to `model/`, and throws if too few of its
  /// pictures find their text.
  public func run(in folder: URL, _ context: RunContext) throws {
    let runFolder = try RunFolder(folder)
    let given = UnCLIPFolder(DataLocation.url(prior))
    let model = try given.contrastive(madeBy: "unclip-prior")
    let asked = try given.prior(for: model, dtype: precision.dtype)
    guard let pictures = try EmbeddedPictures(try data.open(note: context.note), model, heldBack: heldBack, context)
    else { return }
    let parts = try parts(width: model.width)
    context.note("\(name): \(parts.objective.groups.reduce(0) { $0 + $1.size }) parameters, \(pictures.count) pictures")
    let trained = TrainedDecoder(
      recipe: self, parts: parts,
      model: UnCLIP(contrastive: model, prior: asked, decoder: parts.objective.decoder), pictures: pictures,
      given: given, folder: folder, note: context.note)
    let seen = UnCLIPFolder(given.url.appendingPathComponent("contrastive"))
    let result = try TrainingRun(
      loop, in: runFolder, identity: identity(facts: ["contrastive": try seen.hash()]),
      source: DecoderSource(pictures: pictures, side: unet.sampleSize, embeddingDropout: embeddingDropout),
      objective: parts.objective, artifact: trained, optimizer: loop.optimizerSettings(precision.dtype), context
    ).tellingCost().run()
    if result.isFinished, let score = trained.score, score.found < recallLimit {
      throw TrainingError.selfCheck(
        recipe: name, reason: "\(score.found) of the pictures find their text, below \(recallLimit)")
    }
  }

  /// What is learnt, with the weights of its two networks.
  struct Parts {
    let objective: DecoderObjective
    let tokens, network: [Parameter]
  }

  func parts(width: Int) throws -> Parts {
    func store(_ number: UInt64) -> ParameterStore {
      ParameterStore(RandomInitialization(seed: loop.seed &+ number), isTrainable: { _ in true })
    }
    let (unetStore, tokenStore) = (store(0), store(1))
    let decoder = UnCLIPDecoder(
      tokens: ImageEmbeddingTokens(
        tokenStore.root,
        ImageEmbeddingTokensConfig(
          embeddingDim: width, tokens: tokens, crossAttentionDim: unet.crossAttentionDim)),
      network: UNet2DConditionModel(unetStore.root, unet), scheduler: scheduler, dtype: precision.dtype)
    var prediction = NoisePrediction(try scheduler.trainingSchedule, dtype: precision.dtype)
    if let timestepSampling { prediction.timesteps = timestepSampling }
    let groups = [ParameterGroup("unet", unetStore.parameters), ParameterGroup("tokens", tokenStore.parameters)]
    return Parts(
      objective: DecoderObjective(decoder: decoder, prediction: prediction, groups: groups),
      tokens: tokenStore.parameters, network: unetStore.parameters)
  }
}

/// A decoder in a run's folder.
final class TrainedDecoder: Artifact {
  private let recipe: UnCLIPDecoderRecipe
  private let parts: UnCLIPDecoderRecipe.Parts
  private let model: UnCLIP
  private let pictures: EmbeddedPictures
  private let given: UnCLIPFolder
  private let folder: URL
  private let note: (String) -> Void
  /// Of the finished decoder.
  private(set) var score: DecoderScore?

  init(
    recipe: UnCLIPDecoderRecipe, parts: UnCLIPDecoderRecipe.Parts, model: UnCLIP, pictures: EmbeddedPictures,
    given: UnCLIPFolder, folder: URL, note: @escaping (String) -> Void
  ) {
    (self.recipe, self.parts, self.model, self.pictures) = (recipe, parts, model, pictures)
    (self.given, self.folder, self.note) = (given, folder, note)
  }

  private static let (texts, columns) = (6, 8)

  /// Rows of what is drawn: from texts; variations of a picture, which is first; the way between two pictures.
  func preview(step: Int) throws -> [URL] {
    guard step > 0 else { return [] }
    let (asked, settings) = recipe.settings
    let kept = Array(pictures.heldBackIndices)
    let seeds = (0..<Self.columns).map(UInt64.init)
    var rows = try kept.prefix(Self.texts).map { index in
      let caption = pictures.captions[index]
      let drawn = try model.pictures(of: seeds.map { _ in caption }, seeds: seeds, asked, settings)
      return CaptionedRows.Row(images: ImageTensor.images(drawn), caption: caption)
    }
    let latents = try kept.prefix(4).map { index in
      try model.latents(
        seen: pictures.pictures([index], side: model.contrastive.image.config.sampleSize),
        picture: pictures.pictures([index], side: recipe.unet.sampleSize), steps: recipe.sampleSteps)
    }
    let plain = DecoderSettings(steps: recipe.sampleSteps, guidance: 1)
    for (index, known) in zip(kept, latents).prefix(2) {
      let drawn = try model.variations(of: known, eta: 1, seeds: Array(seeds.dropLast()), settings)
      let own = try pictures.pictures([index], side: recipe.unet.sampleSize)
      rows.append(.init(images: ImageTensor.images(.concatenate([own, drawn], axis: 0)), caption: "variations"))
    }
    for pair in [(0, 1), (2, 3)] {
      let drawn = try model.between(latents[pair.0], latents[pair.1], frames: Self.columns, seed: 0, plain)
      rows.append(.init(images: ImageTensor.images(drawn), caption: "from one to another"))
    }
    return [try SampleGrid.save([CaptionedRows.make(rows, scale: 2)], columns: 1, step: step, in: folder)]
  }

  func write(step: Int, isLast: Bool) throws -> [URL] {
    let target = UnCLIPFolder(folder.appendingPathComponent("model"))
    try target.take(given.url)
    try target.save(model.decoder, tokens: parts.tokens, network: parts.network)
    if isLast {
      let (asked, settings) = recipe.settings
      let indices = Array(pictures.heldBackIndices.prefix(recipe.validation))
      let found = try DecoderScore(model, pictures, indices, asked, settings, seed: recipe.loop.seed)
      score = found
      for line in found.lines { note("\(recipe.name): \(line)") }
    }
    return [target.url]
  }
}
