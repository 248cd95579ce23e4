import Checkpoints
import Conditioning
import Diffusion
import Foundation
import Generation
import Models
import NN
import SafeTensors
import Tokenizers

/// What to take besides, or in place of, what a model's files say.
public struct PipelineFileOptions: Sendable {
  /// Another autoencoder: a file or a folder.
  public var vae: URL?
  /// The folder of the tokenizer of a single file.
  public var tokenizer: URL?
  /// The running average of the U-Net's weights, where a checkpoint has one beside the last ones.
  public var usesAverage = false
  /// What the U-Net predicts, where the file does not say or says it wrongly.
  public var predictionType: PredictionType?
  /// Which of several forms of a folder's weights to take, such as `fp16`; nil for the plain ones.
  public var variant: String?
  /// Whether the noise schedule ends without any signal (Lin et al. 2024).
  public var zeroTerminalSNR: Bool?
  /// Whether prompts keep words the model never learnt: adapters teach words of their own.
  public var keepsAllWords = false
  /// Where CLIP's vocabulary is looked for last.
  public var sharedTokenizer = ModelLocator().home.appendingPathComponent("Weights/clip-tokenizer")

  public init() {}
}

/// The weights of a pipeline's networks by part, under diffusers' names.
public typealias PartSources = [ModelPart: any ParameterSource]

/// A pipeline on disk, opened and described but not built: a diffusers folder, or a single file of any format.
///
/// Everything that reads models goes through this: loading, converting, merging, inspecting.
public struct PipelineFiles: Sendable {
  /// A text encoder's tokenizer: a folder and the token that fills a text up, nil for what the folder says.
  public struct TokenizerPlace: Sendable, Equatable {
    public let folder: URL
    public let padToken: String?

    public init(_ folder: URL, padToken: String? = nil) {
      self.folder = folder
      self.padToken = padToken
    }
  }

  public let url: URL
  /// nil for a folder.
  public let layout: SingleFileLayout?
  public internal(set) var sources: [ModelPart: CheckpointSource]
  public internal(set) var configurations: PipelineConfigurations
  /// TAESD in place of an autoencoder.
  public private(set) var tiny: TinyAutoencoder?
  /// Names of classes by their numbers, of a folder's index; nil where there are none.
  public private(set) var labels: [String]?
  /// One for each text encoder; empty if none was found, which only matters once texts are encoded.
  public let tokenizers: [TokenizerPlace]
  /// What a person should know: choices made where the files say nothing.
  public internal(set) var notes: [String] = []
  private var keepsAllWords = false

  /// Opens a folder or a file.
  /// - Throws: one line that names the file and what is wrong with it.
  public init(_ url: URL, options: PipelineFileOptions = PipelineFileOptions()) throws {
    var isFolder: ObjCBool = false
    let exists = FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder)
    if exists && !isFolder.boolValue {
      try self.init(single: url, options)
    } else {
      try self.init(folder: url, options)
    }
    if let vae = options.vae, TinyAutoencoder.isTiny(vae) {
      tiny = try TinyAutoencoder(vae, variant: options.variant)
      sources[.vae] = nil
    } else if let vae = options.vae {
      let other = try AutoencoderFile(vae, like: configurations.autoencoder, variant: options.variant)
      sources[.vae] = other.source
      configurations.replaceAutoencoder(with: other.config)
    }
    try tiny?.check(channels: configurations.network.predictionChannels)
    if tiny != nil, configurations.autoencoder.latentsMean != nil {
      throw GenerationError.unsupported(
        what: "\(url.path): its latents are normalised (latents_mean), which TAESD does not know: leave --vae out")
    }
    guard sources[.vae] != nil || tiny != nil else {
      let problem = layout?.autoencoderProblem ?? "has no autoencoder"
      throw GenerationError.noModel(path: url.path, reason: "\(problem): give one with --vae")
    }
    guard options.predictionType != .sample || configurations.scheduler.edm == nil else {
      throw GenerationError.unsupported(
        what: "\(url.path): --prediction sample is not known of models on continuous noise levels: leave it out")
    }
    try checkSizes()
    try checkTypes()
    keepsAllWords = options.keepsAllWords
    configurations.changeScheduler {
      $0.predictionType = options.predictionType ?? $0.predictionType
      $0.rescaleBetasZeroSNR = options.zeroTerminalSNR ?? $0.rescaleBetasZeroSNR
    }
  }

  init(
    url: URL, layout: SingleFileLayout?, sources: [ModelPart: CheckpointSource],
    configurations: PipelineConfigurations, tokenizers: [TokenizerPlace], notes: [String]
  ) {
    (self.url, self.layout, self.sources) = (url, layout, sources)
    (self.configurations, self.tokenizers, self.notes) = (configurations, tokenizers, notes)
  }

  /// The text encoders that are there, in order.
  public var textParts: [ModelPart] { ModelPart.textEncoders.filter { sources[$0] != nil } }

  /// What the network's input is; nil for a combination nobody uses.
  public var kind: ModelKind? { configurations.kind }

  /// Builds one part strictly: every tensor is used and has its shape.
  /// - Parameters:
  ///   - source: the part's weights, adapted or not.
  ///   - isTrainable: which weights get gradients.
  func build<Model>(
    _ part: ModelPart, from source: any ParameterSource,
    isTrainable: @escaping @Sendable (String) -> Bool = { _ in false }, _ make: (ParameterPath) -> Model
  ) throws -> (model: Model, parameters: [Parameter]) {
    let store = ParameterStore(source, isTrainable: isTrainable)
    let model = make(store.root)
    do {
      try store.finish(ignoring: ["position_ids"])
    } catch {
      throw sources[part]?.translated(error) ?? error
    }
    return (model, store.parameters)
  }

  /// The tokenizer of a text encoder, counted from 0.
  public func tokenizer(_ index: Int) throws -> CLIPTokenizer {
    guard index < tokenizers.count else {
      let stem = url.deletingPathExtension().lastPathComponent
      throw GenerationError.noModel(
        path: url.path,
        reason: "has no tokenizer with it: put CLIP's vocab.json and merges.txt (one set serves every Stable "
          + "Diffusion model) beside it, into \(stem).tokenizer/, or into Weights/clip-tokenizer, or give their folder "
          + "with --tokenizer")
    }
    return try CLIPTokenizer(
      directory: tokenizers[index].folder, padToken: tokenizers[index].padToken, readsKnownWords: !keepsAllWords)
  }
}

// MARK: - Folders

extension PipelineFiles {
  fileprivate init(folder: URL, _ options: PipelineFileOptions) throws {
    let index = try ModelIndex.read(folder)
    guard NetworkClass.find(in: index) != nil else {
      throw GenerationError.noModel(
        path: folder.path,
        reason: "\(index.className) is not a text-to-image pipeline this version runs")
    }
    let vaeClass = index.component("vae")?.className
    guard options.vae != nil || ["AutoencoderKL", "AutoencoderTiny"].contains(vaeClass) else {
      throw GenerationError.noModel(
        path: folder.path, reason: "its vae is neither AutoencoderKL nor AutoencoderTiny: give one with --vae")
    }
    let isTiny = options.vae == nil && vaeClass == "AutoencoderTiny"
    var sources: [ModelPart: CheckpointSource] = [:]
    for part in ModelPart.allCases where index.component(part.rawValue) != nil {
      if part == .vae && (options.vae != nil || isTiny) { continue }
      let weights = ModelFolder(folder.appendingPathComponent(part.rawValue), variant: options.variant)
      let file = try weights.weights()
      let isText = ModelPart.textEncoders.contains(part)
      let hasProjection = index.component(part.rawValue)?.className == "CLIPTextModelWithProjection"
      sources[part] = CheckpointSource(
        file, map: isText ? TextFolderKeys(hasProjection: hasProjection) : DiffusersKeys())
    }
    try Self.checkVariant(options.variant, folder, index)
    if options.usesAverage {
      throw GenerationError.noModel(
        path: folder.path, reason: "is a folder, which has no averaged weights (model_ema): leave --ema out")
    }
    let configurations = try PipelineConfigurations(
      folder: folder, index: index, needsVAE: options.vae == nil && !isTiny)
    let encoders = ["", "_2"].filter { index.component("text_encoder\($0)") != nil }
    let asked = try Self.askedTokenizer(options)
    let tokenizers = encoders.enumerated().map { position, suffix in
      let isOpenCLIP = configurations.family.traits.padsWithZero(encoder: position)
      return asked.map { TokenizerPlace($0, padToken: Self.padToken(isOpenCLIP: isOpenCLIP)) }
        ?? TokenizerPlace(folder.appendingPathComponent("tokenizer\(suffix)"))
    }
    self.init(
      url: folder, layout: nil, sources: sources, configurations: configurations, tokenizers: tokenizers, notes: [])
    labels = index.labels
    if isTiny { tiny = try TinyAutoencoder(folder.appendingPathComponent("vae"), variant: options.variant) }
    notes = [SurplusTensors.note(of: textParts.compactMap { sources[$0] })].compactMap { $0 }
    self.configurations.bareTextParts = Set(textParts.filter { !CLIPTextModel.isPrefixed(sources[$0]?.keys ?? []) })
  }
}

// MARK: - Checks

extension PipelineFiles {
  /// Throws unless a variant that was asked for is there for one of the parts; the others may do without, as in diffusers.
  private static func checkVariant(_ variant: String?, _ folder: URL, _ index: ModelIndex) throws {
    guard let variant else { return }
    let found = Set(
      ModelPart.allCases.filter { index.component($0.rawValue) != nil }
        .flatMap { ModelFolder(folder.appendingPathComponent($0.rawValue)).variants })
    guard !found.contains(variant) else { return }
    let there = found.isEmpty ? "none" : found.sorted().joined(separator: ", ")
    throw GenerationError.noModel(
      path: folder.path, reason: "has no variant \(variant) of any part (--variant); there is \(there)")
  }

  /// Throws for sizes that no network can have, wherever they come from: shapes of a file are claims, too.
  private func checkSizes() throws {
    do {
      try configurations.network.validate()
      if sources[.vae] != nil { try configurations.autoencoder.validate() }
      for config in configurations.textEncoders { try config.validate() }
    } catch {
      throw GenerationError.noModel(path: url.path, reason: "\(error)")
    }
  }

  /// Throws for weights that are whole numbers, before anything is computed or written.
  private func checkTypes() throws {
    for part in parts {
      guard let source = sources[part] else { continue }
      for key in source.keys {
        guard let problem = source.problem(of: key) else { continue }
        throw CheckpointError.badTensor(path: source.description, name: source.originalName(of: key), reason: problem)
      }
    }
  }
}
