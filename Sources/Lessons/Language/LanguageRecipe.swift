import Checkpoints
import Foundation
import Models
import NN
import TensorCore
import Training

/// Trains a causal transformer on a text, with a vocabulary learnt from it, and measures it on passages kept back.
public struct LanguageRecipe: TrainingRecipe {
  public static let kind = "language"
  public static let incidental = ["gauge_every", "sample_tokens", "loss_limit"]

  public var name: String
  /// The text's file, from the working directory or from the folder that holds `Pipelines/`.
  public var text: String
  /// Which passage of about 4,096 bytes is kept back: every so manyth.
  public var holdBackEvery: Int
  /// The network; its vocabulary has `vocab_size` tokens, learnt from the rest of the text.
  public var transformer: CausalTransformerConfig
  public var precision: Precision
  /// Steps between measurements on the passages kept back.
  public var gaugeEvery: Int
  /// Tokens of the text that is written on the way.
  public var sampleTokens: Int
  /// The loss a token on what was kept back must be below this, in nats.
  public var lossLimit: Double
  public var loop: LoopSettings

  enum CodingKeys: String, CodingKey {
    case name, text, transformer, precision, loop
    case holdBackEvery = "hold_back_every"
    case gaugeEvery = "gauge_every"
    case sampleTokens = "sample_tokens"
    case lossLimit = "loss_limit"
  }
}

extension LanguageRecipe {
  public var problem: RecipeProblem? {
    let rules: [RecipeProblem.Rule] = [
      ((2...1000).contains(holdBackEvery), "hold_back_every", "must be 2 to 1000"),
      (precision != .int8, "precision", "int8 draws pictures; training takes f32 or bf16"),
      ((1...1_000_000).contains(gaugeEvery), "gauge_every", "must be 1 to 1000000"),
      ((1...100_000).contains(sampleTokens), "sample_tokens", "must be 1 to 100000"),
      (lossLimit > 0, "loss_limit", "must be above 0"),
    ]
    return transformer.problem.map { RecipeProblem("transformer.\($0.key)", $0.reason) } ?? RecipeProblem.first(rules)
  }

  /// Trains, or goes on training, writes the model to `model/`, and throws if it says too little of what was kept back.
  public func run(in folder: URL, _ context: RunContext) throws {
    let runFolder = try RunFolder(folder)
    let passages = try TextPassages.read(text, every: holdBackEvery)
    // Learnt again for every run, so that it always belongs to the text.
    let place = folder.appendingPathComponent("model/tokenizer")
    try RunFiles.makeFolder(folder.appendingPathComponent("model"))
    try VerseTokenizer.learn(
      passages.training, path: text, size: transformer.vocabularySize, context: transformer.context, to: place)
    let tokenizer = try VerseTokenizer(directory: place)
    let (learnt, kept) = (tokenizer.encode(passages.training), tokenizer.encode(passages.heldBack))
    guard learnt.count > transformer.context + 1, kept.count > 1 else {
      throw LessonError.text(path: text, reason: "has fewer tokens than max_position_embeddings")
    }
    let store = ParameterStore(RandomInitialization(seed: loop.seed), isTrainable: { _ in true })
    let model = CausalTransformer(store.root, transformer)
    let objective = LanguageObjective(
      model: model, dtype: precision.dtype, groups: [ParameterGroup("transformer", store.parameters)])
    context.note(
      "\(name): \(objective.groups[0].size) parameters, \(learnt.count) tokens to learn from, \(kept.count) kept back, "
        + String(
          format: "%.2f bytes a token; ln(vocabulary) is ", Double(passages.heldBack.utf8.count) / Double(kept.count))
        + String(format: "%.3f", log(Double(transformer.vocabularySize))))
    let trained = TrainedLanguage(
      recipe: self, objective: objective, tokenizer: tokenizer, kept: kept, keptBytes: passages.heldBack.utf8.count,
      folder: folder, note: context.note)
    let result = try TrainingRun(
      loop, in: runFolder, identity: identity(facts: ["text": "\(learnt.count) \(kept.count)"]),
      source: TextSource(tokens: learnt, context: transformer.context), objective: objective, artifact: trained,
      optimizer: loop.optimizerSettings(precision.dtype), context
    ).tellingCost().run()
    if result.isFinished, let loss = trained.heldBackLoss, loss > lossLimit {
      throw TrainingError.selfCheck(recipe: name, reason: "loss \(loss) on text kept back is above \(lossLimit)")
    }
  }
}

/// A language model in a run's folder.
final class TrainedLanguage: Artifact {
  private let recipe: LanguageRecipe
  private let objective: LanguageObjective
  private let tokenizer: VerseTokenizer
  private let kept: [Int32]
  private let keptBytes: Int
  private let folder: URL
  private let note: (String) -> Void
  /// Nats a token on all that was kept back, at the end.
  private(set) var heldBackLoss: Double?
  /// Windows that are looked at on the way.
  private static let gaugedWindows = 40

  init(
    recipe: LanguageRecipe, objective: LanguageObjective, tokenizer: VerseTokenizer, kept: [Int32], keptBytes: Int,
    folder: URL, note: @escaping (String) -> Void
  ) {
    (self.recipe, self.objective, self.tokenizer) = (recipe, objective, tokenizer)
    (self.kept, self.keptBytes, self.folder, self.note) = (kept, keptBytes, folder, note)
  }

  var gaugeInterval: Int? { recipe.gaugeEvery }

  func gauges(step: Int) throws -> [String: Double] {
    let loss = objective.loss(of: kept, context: recipe.transformer.context, windows: Self.gaugedWindows)
    return ["held_back_loss": loss]
  }

  func preview(step: Int) throws -> [URL] {
    guard step > 0 else { return [] }
    let text = TextGenerator(model: objective.model, tokenizer: tokenizer, dtype: objective.dtype)
      .text("\n", tokens: recipe.sampleTokens, TokenChoice(temperature: 0.8, topP: 0.95), seed: recipe.loop.seed)
    let url = folder.appendingPathComponent("samples-\(step).txt")
    try RunFiles.write(Data(text.utf8), to: url)
    return [url]
  }

  func write(step: Int, isLast: Bool) throws -> [URL] {
    let target = folder.appendingPathComponent("model")
    try ModelFolder.writeJSON(
      CausalTransformerConfig.File(objective.model.config), className: nil,
      to: target.appendingPathComponent("config.json"))
    try TensorFile.write(
      objective.groups[0].parameters.map { ($0.name, $0.value.cast(to: .f16)) },
      to: target.appendingPathComponent("model.safetensors"), metadata: ["format": "pt"])
    if isLast {
      let loss = objective.loss(of: kept, context: recipe.transformer.context)
      heldBackLoss = loss
      let bits = loss * Double(kept.count) / Double(keptBytes) / log(2)
      note(
        String(
          format:
            "%@: loss %.3f nats a token on %d tokens kept back, %.3f bits a byte (limit %.2f; ln(vocabulary) %.3f)",
          recipe.name, loss, kept.count, bits, recipe.lossLimit, log(Double(recipe.transformer.vocabularySize))))
    }
    return [target]
  }
}
