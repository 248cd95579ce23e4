import Checkpoints
import Diffusion
import Foundation
import Generation
import Models
import NN
import TensorCore
import Tokenizers

/// Trains a text encoder with its own vocabulary and a conditional U-Net together, on latents of a finished autoencoder.
public struct TextToImageRecipe: TrainingRecipe {
  public static let kind = "text-to-image"
  public static let incidental = ["cache", "sample_prompts", "sample_steps", "sample_guidance"]

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
  /// What the sample grids show.
  public var samplePrompts: [String]
  public var sampleSteps: Int
  public var sampleGuidance: Float
  public var loop: LoopSettings

  enum CodingKeys: String, CodingKey {
    case name, data, size, autoencoder, cache, unet, scheduler, precision, train, loop
    case startFrom = "start_from"
    case timestepSampling = "timestep_sampling"
    case vocabularySize = "vocabulary_size"
    case textEncoder = "text_encoder"
    case captionDropout = "caption_dropout"
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
    ]
    return data.problem ?? PrecisionProblem.of(precision) ?? RecipeProblem.first(rules) ?? timestepSampling?.problem
  }

  /// Trains, or goes on training; the model as it stands at each sample is written to `model/`, in diffusers layout.
  public func run(in folder: URL, _ context: RunContext) throws {
    let runFolder = try RunFolder(folder)
    let pictures = EncodedPictures(
      data: data, size: size, autoencoder: autoencoder, cache: cache, precision: precision)
    let vae = try pictures.loadAutoencoder()
    let latents = try pictures.open(vae, context)
    let tokenizer = try openTokenizer(latents.captions, folder)
    let trainee = try Trainee(self, tokenizer: tokenizer)
    let texts = TextRows([TextConditioner(tokenizer: tokenizer, model: trainee.text)], isXL: false)
    var prediction = NoisePrediction(try scheduler.trainingSchedule, dtype: precision.dtype)
    prediction.timesteps = timestepSampling ?? TimestepSampling()
    let objective = LatentObjective(
      unet: trainee.unet, texts: texts, prediction: prediction, groups: trainee.groups)
    let numbers = objective.groups.reduce(0) { $0 + $1.size }
    context.note(
      "\(name): \(numbers) parameters, \(latents.count) pictures, \(tokenizer.vocabularySize) tokens")
    var loop = loop
    loop.writeEvery = loop.writeEvery ?? loop.sampleEvery
    try TrainingRun(
      loop, in: runFolder, identity: identity(),
      source: CachedLatents(latents, texts: texts, captionDropout: captionDropout), objective: objective,
      artifact: TrainedTextToImage(
        recipe: self, trainee: trainee, autoencoder: vae, tokenizer: tokenizer, folder: folder),
      optimizer: loop.optimizerSettings(precision.dtype), context
    ).run()
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
      let words = KnownWords(captions: captions).text(heading: ["Words of the training captions."])
      try Data(words.utf8).write(to: folder.appendingPathComponent(KnownWords.fileName), options: .atomic)
    }
    return try CLIPTokenizer(directory: folder)
  }
}
