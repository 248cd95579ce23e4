import Checkpoints
import Conditioning
import Diffusion
import Foundation
import Models
import NN
import TensorCore
import Tokenizers

/// Trains a text encoder with its own vocabulary and a conditional U-Net together, on latents of a finished autoencoder.
public struct TextToImageRecipe: TrainingRecipe {
  public static let kind = "text-to-image"
  public static let incidental = ["cache", "commitment", "sample_prompts", "sample_steps", "sample_guidance"]

  /// The models a recipe trains.
  public enum Part: String, Codable, Sendable, CaseIterable {
    case textEncoder = "text_encoder"
    case unet
  }

  public var name: String
  public var data: DataRecipe
  /// Side of the training pictures.
  public var size: Int
  /// The folder of the autoencoder.
  public var autoencoder: String
  /// Where latents are kept between runs.
  public var cache: String
  public var vocabularySize: Int
  public var textEncoder: CLIPTextConfig
  public var unet: UNet2DConditionConfig
  public var scheduler: SchedulerConfig
  public var precision: Precision
  /// A diffusers folder to go on from instead of random weights; its tokenizer is kept.
  public var startFrom: String?
  /// What is trained; the rest stays as it is. Both if not given.
  public var train: [Part]?
  /// How timesteps are drawn; evenly if not given.
  public var timestepSampling: TimestepSampling?
  /// How often a caption is replaced by the empty one, which makes guidance possible (Ho & Salimans 2022).
  public var captionDropout: Float
  /// Whether a fresh U-Net's residual branches and output start at zero (`ZeroStart`).
  public var zeroEnds: Bool?
  /// What networks count that say what a scene shows (`NuisanceHeads`); 0.05 is usual. None if not given.
  public var nuisanceWeight: Float?
  /// More scenes with a single thing at first.
  public var singlesFirst: SinglesFirst?
  /// Measures commitment on the way.
  public var commitment: CommitmentSettings?
  /// What the sample grids show.
  public var samplePrompts: [String]
  public var sampleSteps: Int
  public var sampleGuidance: Float
  public var loop: LoopSettings

  enum CodingKeys: String, CodingKey {
    case name, data, size, autoencoder, cache, unet, scheduler, precision, train, commitment, loop
    case startFrom = "start_from"
    case timestepSampling = "timestep_sampling"
    case vocabularySize = "vocabulary_size"
    case textEncoder = "text_encoder"
    case captionDropout = "caption_dropout"
    case zeroEnds = "zero_ends"
    case nuisanceWeight = "nuisance_weight"
    case singlesFirst = "singles_first"
    case samplePrompts = "sample_prompts"
    case sampleSteps = "sample_steps"
    case sampleGuidance = "sample_guidance"
  }
}

extension TextToImageRecipe {
  public var problem: RecipeProblem? {
    let rules: [RecipeProblem.Rule] = [
      ((8...4096).contains(size), "size", "must be 8 to 4096"),
      ((258...1_000_000).contains(vocabularySize), "vocabulary_size", "must be 258 to 1000000"),
      ((0...1).contains(captionDropout), "caption_dropout", "must be 0 to 1"),
      (sampleGuidance >= 0 && sampleGuidance.isFinite, "sample_guidance", "must not be negative"),
      ((1...scheduler.trainSteps).contains(sampleSteps), "sample_steps", "must be 1 to \(scheduler.trainSteps)"),
      (train.map { !$0.isEmpty } ?? true, "train", "names nothing: text_encoder, unet or both"),
      (zeroEnds != true || startFrom == nil, "zero_ends", "is of no use with start_from: nothing starts anew"),
      (nuisanceWeight.map { $0 > 0 && $0.isFinite } ?? true, "nuisance_weight", "must be above 0"),
      (
        nuisanceWeight == nil || train.map { $0.contains(.unet) } ?? true, "nuisance_weight",
        "is for a U-Net that is trained"
      ),
      (nuisanceWeight == nil || data.kind == .scenes, "nuisance_weight", "needs scenes, whose builder knows the truth"),
      (singlesFirst == nil || data.kind == .scenes, "singles_first", "needs scenes"),
      (commitment == nil || data.kind == .scenes, "commitment", "needs scenes"),
      (
        [nil, "text"].contains(unet.additionEmbedType), "unet.addition_embed_type",
        "must be text or left out: such a model has no second text encoder"
      ),
    ]
    return data.problem ?? PrecisionProblem.of(precision) ?? RecipeProblem.first(rules) ?? timestepSampling?.problem
      ?? singlesFirst?.problem ?? commitment?.problem(logEvery: loop.logEvery)
  }

  /// Trains, or goes on training; the model as it stands at each sample is written to `model/`, in diffusers layout.
  public func run(in folder: URL, _ context: RunContext) throws {
    let runFolder = try RunFolder(folder)
    let pictures = EncodedPictures(
      data: data, size: size, autoencoder: autoencoder, cache: cache, precision: precision)
    let vae = try pictures.loadAutoencoder()
    guard let latents = try pictures.open(vae, context) else { return }
    let tokenizer = try openTokenizer(latents.captions, folder)
    let trainee = try Trainee(self, tokenizer: tokenizer)
    let texts = TextRows(CLIPTextEncoding([CLIPTextEncoder(tokenizer: tokenizer, model: trainee.text)]))
    var prediction = NoisePrediction(try scheduler.trainingSchedule, dtype: precision.dtype)
    prediction.timesteps = timestepSampling ?? TimestepSampling()
    let heads = try nuisanceHeads(latents)
    var objective = LatentObjective(
      network: trainee.unet, texts: texts, prediction: prediction,
      groups: trainee.groups + (heads.map { [ParameterGroup(NuisanceHeads.prefix, $0.parameters)] } ?? []))
    if let heads, let nuisanceWeight { objective.heads = (heads, nuisanceWeight) }
    var source = CachedLatents(latents, texts: texts, captionDropout: captionDropout)
    source.singles = try singles(latents)
    let numbers = objective.groups.reduce(0) { $0 + $1.size }
    context.note(
      "\(name): \(numbers) parameters, \(latents.count) pictures, \(tokenizer.vocabularySize) tokens")
    var loop = loop
    loop.writeEvery = loop.writeEvery ?? loop.sampleEvery
    try TrainingRun(
      loop, in: runFolder, identity: identity(),
      source: source, objective: objective,
      artifact: TrainedTextToImage(
        recipe: self, trainee: trainee, autoencoder: vae, tokenizer: tokenizer, folder: folder,
        gauge: try gauge(vae, texts).map { ($0, objective) }),
      optimizer: loop.optimizerSettings(precision.dtype), context
    ).run()
  }

  /// The networks that say what a scene shows, made for the latents' size; nil if the recipe wants none.
  private func nuisanceHeads(_ latents: LatentCache) throws -> NuisanceHeads? {
    guard nuisanceWeight != nil else { return nil }
    guard !latents.truths.isEmpty else {
      throw TrainingError.noData(path: cache, reason: "does not say what its scenes show, as nuisance_weight needs it")
    }
    let halvings = unet.blockOutChannels.count - 1
    let sides = latents.latentShape.prefix(2).map { side in (0..<halvings).reduce(side) { half, _ in (half + 1) / 2 } }
    let classes = latents.classes
    return NuisanceHeads(
      features: sides.reduce(1, *) * unet.blockOutChannels[halvings], things: classes.things, hands: classes.hands,
      seed: loop.seed &+ 2)
  }

  /// How scenes with a single thing are dealt out at first.
  private func singles(_ latents: LatentCache) throws -> (share: Double, batches: Int)? {
    guard let singlesFirst else { return nil }
    let kinds = latents.kinds
    guard !kinds.single.isEmpty, !kinds.others.isEmpty else {
      throw TrainingError.noData(
        path: cache, reason: "\(kinds.single.count) of \(latents.count) scenes show a single thing: no mix can be made")
    }
    return (singlesFirst.share, Int((Double(loop.steps) * singlesFirst.until).rounded()) * loop.accumulate)
  }

  private func gauge(_ autoencoder: AutoencoderKL, _ texts: TextRows) throws -> CommitmentGauge? {
    guard let commitment else { return nil }
    guard let images = try data.open(note: { _ in }) as? any PairedImages else {
      throw TrainingError.noData(path: data.path, reason: "has no pictures to tell apart, as commitment needs them")
    }
    let encoder = LatentEncoder(data: images, size: size, autoencoder: autoencoder, dtype: precision.dtype)
    return try CommitmentGauge(images, commitment, encoder: encoder, texts: texts)
  }

  /// The run's tokenizer: trained on the captions the first time, read back afterwards.
  private func openTokenizer(_ captions: [String], _ output: URL) throws -> CLIPTokenizer {
    let folder = output.appendingPathComponent("tokenizer")
    if let start = startFrom {
      return try CLIPTokenizer(directory: URL(fileURLWithPath: start).appendingPathComponent("tokenizer"))
    }
    if !FileManager.default.fileExists(atPath: folder.path) {
      let vocabulary = try VocabularyTrainer.train(
        captions, vocabularySize: vocabularySize,
        maximumLength: textEncoder.positionCount)
      try vocabulary.write(to: folder)
    }
    // By itself: a run may have ended between the two.
    let known = folder.appendingPathComponent(KnownWords.fileName)
    if !FileManager.default.fileExists(atPath: known.path) {
      let words = KnownWords(captions: captions).text(heading: ["Words of the training captions."])
      try RunFiles.write(Data(words.utf8), to: known)
    }
    return try CLIPTokenizer(directory: folder)
  }
}
