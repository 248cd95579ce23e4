import Adapters
import Checkpoints
import Conditioning
import Foundation
import Generation
import ModelFiles
import Models
import NN
import TensorCore

/// What a fine-tuning run changes of a model, and how it is written.
protocol Learnable {
  var groups: [ParameterGroup] { get }
  /// One line: what is trained, and how much of it.
  var summary: String { get }
  /// The vectors of a word that is learnt, for each text encoder.
  var word: [Parameter] { get }
  /// Words for the pipeline that draws samples.
  var embeddings: [TextualInversion] { get }
  /// Writes what was learnt, under a temporary name first.
  func write(to url: URL, metadata: [String: String]) throws
}

extension Learnable {
  var word: [Parameter] { [] }
  var embeddings: [TextualInversion] { [] }
  var size: Int { groups.reduce(0) { $0 + $1.size } }
}

/// Low-rank matrices beside the weights.
struct LearnableAdapter: Learnable {
  let adapters: TrainableAdapters
  let groups: [ParameterGroup]
  let settings: AdapterSettings
  let dtype: DType
  private let predictsVelocity: Bool

  init(_ recipe: FineTuningRecipe, _ components: PipelineComponents, _ files: PipelineFiles) throws {
    settings = recipe.adapter
    let parts = ModelPart.networks + (settings.trainsText ? ModelPart.textEncoders : [])
    let networks = components.parameters.filter { parts.contains($0.key) }
    adapters = try TrainableAdapters(
      networks, targets: settings.targets, rank: settings.rank, alpha: settings.alpha ?? Float(settings.rank),
      convolutionRank: settings.convolutionRank, seed: recipe.loop.seed)
    if let start = settings.start {
      try adapters.start(from: URL(fileURLWithPath: start), sources: files.sources.mapValues { $0 })
    }
    let textFactor = settings.textRate(of: recipe.loop) / recipe.loop.learningRate
    groups = adapters.networks.map { [adapters] part in
      let isNetwork = ModelPart.networks.contains(part)
      return ParameterGroup(
        part.rawValue, adapters.parameters(of: part), rateFactor: isNetwork ? 1 : textFactor)
    }
    dtype = .f32
    predictsVelocity = components.scheduler.predictionType == .velocity
  }

  var summary: String {
    "LoRA of rank \(settings.rank) on \(adapters.moduleCount) layers (\(groups.map(\.name).joined(separator: ", "))), "
      + "\(size) numbers"
  }

  func write(to url: URL, metadata: [String: String]) throws {
    try adapters.write(
      to: url, format: settings.format, dtype: dtype, metadata: metadata, predictsVelocity: predictsVelocity)
  }
}

/// The vectors of a new word, in front of each text encoder.
struct LearnableWord: Learnable {
  let name: String
  /// Its vectors, for each text encoder.
  let word: [Parameter]

  /// - Throws: `badRecipe` for a word that cannot be taught.
  init(_ recipe: FineTuningRecipe, _ components: PipelineComponents) throws {
    let settings = recipe.embedding
    func fail(_ reason: String) -> TrainingError { .badRecipe(path: "`embedding` \(settings.word)", reason: reason) }
    guard !settings.word.isEmpty, !settings.word.contains(where: \.isWhitespace) else {
      throw fail("must be one word without spaces")
    }
    name = settings.word
    let start = settings.start ?? recipe.pictures.className?.split(separator: " ").last.map(String.init) ?? "picture"
    word = try TextRows(components.text).contentTokens(start).enumerated().map { index, ids in
      guard
        let table = components.parameters[ModelPart.textEncoders[index]]?
          .first(where: { $0.name.hasSuffix("token_embedding.weight") })?.value, !ids.isEmpty
      else { throw fail("the start word \"\(start)\" has no tokens in this model") }
      let rows = (0..<settings.vectors).map { row in
        table.slice(axis: 0, from: Int(ids[row % ids.count]), count: 1).ownedFloat32()
      }
      return Parameter(
        name: index == 0 ? "clip_l" : "clip_g", value: .concatenate(rows, axis: 0), isTrainable: true)
    }
  }

  var groups: [ParameterGroup] { [ParameterGroup("embedding", word)] }

  var summary: String {
    let count = word[0].shape[0]
    return "the word \(name) as \(count == 1 ? "a vector" : "\(count) vectors"), \(size) numbers"
  }

  var embeddings: [TextualInversion] {
    [TextualInversion(name: name, vectors: word.map { $0.value.ownedFloat32() })]
  }

  func write(to url: URL, metadata: [String: String]) throws {
    let isPair = word.count == 2
    try TensorFile.write(
      word.map { (isPair ? $0.name : name, $0.value) }, to: url, metadata: metadata)
  }
}

/// The weights of networks themselves.
struct LearnableWeights: Learnable {
  let files: PipelineFiles
  let parameters: [ModelPart: [Parameter]]
  let captions: [String]

  /// - Parameter captions: of the pictures.
  init(
    _ recipe: FineTuningRecipe, _ components: PipelineComponents, _ files: PipelineFiles, captions: [String]
  ) {
    (self.files, self.captions) = (files, captions)
    parameters = components.parameters.filter { recipe.parts.contains($0.key) }
  }

  var groups: [ParameterGroup] {
    ModelPart.allCases.compactMap { part in parameters[part].map { ParameterGroup(part.rawValue, $0) } }
  }

  var summary: String { "all weights of \(groups.map(\.name).joined(separator: ", ")), \(size) numbers" }

  /// A single file for a `.safetensors` name, else a diffusers folder.
  func write(to url: URL, metadata: [String: String]) throws {
    let trained = parameters.mapValues { Dictionary($0.map { ($0.name, $0) }) { first, _ in first } }
    let writer = ModelWriter(files, precision: .f16, captions: captions) { part, key in
      if let parameter = trained[part]?[key] { return RawTensor(parameter.value) }
      return try files.raw(part, key)
    }
    _ = try writer.write(to: url, as: url.pathExtension == "safetensors" ? .single : .folder, isReplacing: true)
  }
}
