import Adapters
import Checkpoints
import Foundation
import Models

/// Teaches a finished model something from a folder of pictures: as an adapter, as a word, or in its own weights.
public struct FineTuningRecipe: TrainingRecipe {
  public static let kind = "fine-tuning"
  public static let incidental = ["cache", "samples", "output", "recomputes", "network_weights", "model"]

  /// What is made.
  public enum Method: String, Codable, Sendable, CaseIterable {
    /// A LoRA file (Hu et al. 2021).
    case lora
    /// A textual inversion (Gal et al. 2023): a word's vectors.
    case embedding
    /// The model itself with changed weights.
    case full
  }

  public var name: String
  /// What is taught: a file, a folder or a pipeline's name; nil for the bundled model.
  public var model: String?
  public var method = Method.lora
  public var pictures: PictureSettings
  public var adapter = AdapterSettings()
  public var embedding = EmbeddingSettings()
  /// The networks trained by `full`.
  public var parts: [ModelPart] = [.unet]
  /// Weights steps by `min(SNR, gamma)`; nil for no weighting.
  public var minSNRGamma: Float?
  public var noiseOffset: Float = 0
  public var timestepSampling: TimestepSampling?
  /// Times every picture is seen; nil for the loop's steps.
  public var epochs: Int?
  /// Whether blocks are computed again for their gradients: less memory, more time.
  public var recomputes = false
  public var precision: Precision
  public var samples = SampleSettings()
  /// Folder of encoded pictures and texts; nil for the run's own.
  public var cache: String?
  /// Where the result goes: a `.safetensors` file, for `full` also a folder.
  public var output: String
  public var loop: LoopSettings

  enum CodingKeys: String, CodingKey {
    case name, model, method, pictures, adapter, embedding, parts, precision, samples, cache, output, loop, recomputes,
      epochs
    case minSNRGamma = "min_snr_gamma"
    case noiseOffset = "noise_offset"
    case timestepSampling = "timestep_sampling"
  }

  public init(name: String, pictures: PictureSettings, precision: Precision, output: String, loop: LoopSettings) {
    (self.name, self.pictures, self.precision, self.output, self.loop) = (name, pictures, precision, output, loop)
  }

  public init(from decoder: any Decoder) throws {
    let c = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      name: try c.decode(String.self, forKey: .name), pictures: try c.decode(PictureSettings.self, forKey: .pictures),
      precision: try c.decodeIfPresent(Precision.self, forKey: .precision) ?? .best,
      output: try c.decode(String.self, forKey: .output), loop: try c.decode(LoopSettings.self, forKey: .loop))
    model = try c.decodeIfPresent(String.self, forKey: .model)
    method = try c.decodeIfPresent(Method.self, forKey: .method) ?? method
    adapter = try c.decodeIfPresent(AdapterSettings.self, forKey: .adapter) ?? adapter
    embedding = try c.decodeIfPresent(EmbeddingSettings.self, forKey: .embedding) ?? embedding
    parts = try c.decodeIfPresent([ModelPart].self, forKey: .parts) ?? parts
    minSNRGamma = try c.decodeIfPresent(Float.self, forKey: .minSNRGamma)
    noiseOffset = try c.decodeIfPresent(Float.self, forKey: .noiseOffset) ?? noiseOffset
    timestepSampling = try c.decodeIfPresent(TimestepSampling.self, forKey: .timestepSampling)
    epochs = try c.decodeIfPresent(Int.self, forKey: .epochs)
    recomputes = try c.decodeIfPresent(Bool.self, forKey: .recomputes) ?? recomputes
    samples = try c.decodeIfPresent(SampleSettings.self, forKey: .samples) ?? samples
    cache = try c.decodeIfPresent(String.self, forKey: .cache)
  }

  public var problem: RecipeProblem? {
    let rules: [RecipeProblem.Rule] = [
      ((minSNRGamma ?? 1) > 0 && (minSNRGamma ?? 1).isFinite, "min_snr_gamma", "must be above 0; 5 is usual"),
      ((0...1).contains(noiseOffset), "noise_offset", "must be 0 to 1; 0.05 to 0.1 is usual"),
      ((1...1_000_000).contains(epochs ?? 1), "epochs", "must be 1 to 1000000"),
      (!parts.isEmpty, "parts", "names nothing to train"),
      (!parts.contains(.vae), "parts", "cannot hold vae: noise in latents does not reach it; train it by itself first"),
      (!output.isEmpty, "output", "is empty"),
      (
        method != .embedding || pictures.trigger?.contains(embedding.word) ?? true, "pictures.trigger",
        "must contain the word that is learnt, or be left out"
      ),
    ]
    return PrecisionProblem.of(precision) ?? pictures.problem ?? adapter.problem ?? embedding.problem ?? samples.problem
      ?? RecipeProblem.first(rules) ?? timestepSampling?.problem
  }

  public func run(in folder: URL, _ context: RunContext) throws {
    var run = try FineTuning(self, folder: folder, context)
    try run.run()
  }
}

/// The low-rank matrices of an adapter.
public struct AdapterSettings: Codable, Sendable, Equatable {
  public var rank = 8
  /// The change is scaled by alpha / rank; nil for the rank.
  public var alpha: Float?
  /// Rank of 3×3 convolutions, which are trained if it is given.
  public var convolutionRank: Int?
  public var targets = AdapterTargets.transformer
  /// Whether the text encoders get adapters too.
  public var trainsText = false
  /// The text encoders' learning rate; nil for half the run's.
  public var textRate: Double?
  /// `kohya`, which every tool reads, or `diffusers`.
  public var format = AdapterFormat.kohya
  /// A LoRA file to go on from.
  public var start: String?

  enum CodingKeys: String, CodingKey {
    case rank, alpha, targets, format
    case convolutionRank = "conv_rank"
    case trainsText = "text_encoder"
    case textRate = "text_learning_rate"
    case start = "network_weights"
  }

  public init() {}

  public init(from decoder: any Decoder) throws {
    let c = try decoder.container(keyedBy: CodingKeys.self)
    rank = try c.decodeIfPresent(Int.self, forKey: .rank) ?? rank
    alpha = try c.decodeIfPresent(Float.self, forKey: .alpha)
    convolutionRank = try c.decodeIfPresent(Int.self, forKey: .convolutionRank)
    targets = try c.decodeIfPresent(AdapterTargets.self, forKey: .targets) ?? targets
    trainsText = try c.decodeIfPresent(Bool.self, forKey: .trainsText) ?? trainsText
    textRate = try c.decodeIfPresent(Double.self, forKey: .textRate)
    format = try c.decodeIfPresent(AdapterFormat.self, forKey: .format) ?? format
    start = try c.decodeIfPresent(String.self, forKey: .start)
  }

  /// What the matrices' product is multiplied by.
  var scale: Float { (alpha ?? Float(rank)) / Float(rank) }

  /// The text encoders' learning rate.
  func textRate(of loop: LoopSettings) -> Double { textRate ?? loop.learningRate / 2 }

  package var problem: RecipeProblem? {
    let rules: [RecipeProblem.Rule] = [
      ((1...1024).contains(rank), "adapter.rank", "must be 1 to 1024"),
      ((1...1024).contains(convolutionRank ?? 1), "adapter.conv_rank", "must be 1 to 1024"),
      ((alpha ?? 1) > 0 && (alpha ?? 1) <= 100_000, "adapter.alpha", "must be above 0, at most 100000"),
      ((textRate ?? 1) >= 0 && (textRate ?? 1) <= 100, "adapter.text_learning_rate", "must be 0 to 100"),
      ([.kohya, .diffusers].contains(format), "adapter.format", "must be kohya or diffusers"),
    ]
    return RecipeProblem.first(rules)
  }
}

/// A word that is taught.
public struct EmbeddingSettings: Codable, Sendable, Equatable {
  /// The word; the file's key, and its name for AUTOMATIC1111.
  public var word = ""
  /// Vectors it stands for.
  public var vectors = 1
  /// A known word whose vector it starts from.
  public var start: String?

  public init() {}

  enum CodingKeys: String, CodingKey { case word, vectors, start }

  public init(from decoder: any Decoder) throws {
    let c = try decoder.container(keyedBy: CodingKeys.self)
    word = try c.decodeIfPresent(String.self, forKey: .word) ?? word
    vectors = try c.decodeIfPresent(Int.self, forKey: .vectors) ?? vectors
    start = try c.decodeIfPresent(String.self, forKey: .start)
  }

  var problem: RecipeProblem? {
    RecipeProblem.first([((1...64).contains(vectors), "embedding.vectors", "must be 1 to 64")])
  }
}

/// The pictures drawn while a run goes on.
public struct SampleSettings: Codable, Sendable, Equatable {
  /// What they show; captions of the folder if empty.
  public var prompts: [String] = []
  public var negative: String?
  public var steps = 20
  public var guidance: Float?
  public var seed: UInt64 = 1

  public init() {}

  enum CodingKeys: String, CodingKey { case prompts, negative, steps, guidance, seed }

  public init(from decoder: any Decoder) throws {
    let c = try decoder.container(keyedBy: CodingKeys.self)
    prompts = try c.decodeIfPresent([String].self, forKey: .prompts) ?? prompts
    negative = try c.decodeIfPresent(String.self, forKey: .negative)
    steps = try c.decodeIfPresent(Int.self, forKey: .steps) ?? steps
    guidance = try c.decodeIfPresent(Float.self, forKey: .guidance)
    seed = try c.decodeIfPresent(UInt64.self, forKey: .seed) ?? seed
  }

  var problem: RecipeProblem? {
    let rules: [RecipeProblem.Rule] = [
      (prompts.count <= 64, "samples.prompts", "must be at most 64"),
      ((1...1000).contains(steps), "samples.steps", "must be 1 to 1000"),
      ((0...1000).contains(guidance ?? 1), "samples.guidance", "must be 0 to 1000"),
    ]
    return RecipeProblem.first(rules)
  }
}
