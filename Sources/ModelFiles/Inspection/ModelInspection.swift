import Checkpoints
import Conditioning
import Diffusion
import Foundation
import Generation
import Images
import Models
import SafeTensors
import TensorCore

/// What a file or folder is, without building or executing anything of it.
public struct ModelInspection: Sendable, Equatable, Codable {
  /// One network, or all tensors of a file that is none.
  public struct Part: Sendable, Equatable, Codable {
    public let name: String
    public let tensors: Int
    public let parameters: Int
    /// Parameters by the type they are stored in.
    public let types: [String: Int]
  }

  /// A picture and how it was made, if it says so.
  public struct Picture: Sendable, Equatable, Codable {
    public let width: Int
    public let height: Int
    public let prompt: String?
    public let negativePrompt: String?
    public let settings: [String: String]
  }

  public let path: String
  /// `safetensors`, `torch zip`, `GGUF`, `PNG`, `folder`; nil if that cannot be told.
  public internal(set) var format: String?
  /// `checkpoint`, `autoencoder`, `tiny autoencoder`, `adapter`, `embedding`, `picture` or `weights`.
  public internal(set) var kind: String?
  public internal(set) var family: String?
  /// `text to image`, `inpainting`, `instruction` or `unconditional`.
  public internal(set) var variant: String?
  public internal(set) var prediction: String?
  public internal(set) var bytes = 0
  public internal(set) var parts: [Part] = []
  public internal(set) var adapter: AdapterSummary?
  public internal(set) var embedding: EmbeddingSummary?
  public internal(set) var picture: Picture?
  public internal(set) var metadata: [String: String] = [:]
  /// What makes the file useless or dangerous: damage, a false name, values that are no numbers.
  public internal(set) var problems: [String] = []
  /// What may be as it should: tensors of zeros, choices made for lack of information.
  public internal(set) var notes: [String] = []

  /// Weights in all parts.
  public var parameters: Int { parts.reduce(0) { $0 + $1.parameters } }

  /// Looks at a file or folder. What is wrong with it becomes part of the result.
  /// - Parameters:
  ///   - variant: which of several forms of a folder's weights to look at.
  ///   - scansValues: whether every weight is read, to find what is no number.
  ///   - progress: called with the tensors scanned and all of them.
  /// - Throws: only what `progress` throws, and if there is nothing at the place.
  public init(
    _ url: URL, variant: String? = nil, scansValues: Bool = true,
    progress: (Int, Int) throws -> Void = { _, _ in }
  ) throws {
    path = url.path
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else {
      throw GenerationError.noModel(path: url.path, reason: "not found")
    }
    var files: [TensorFile] = []
    do {
      if isFolder.boolValue {
        format = "folder"
        files = try inspectFolder(url, variant)
      } else if RegularFile.isSpecial(url) {
        problems.append("is no file but a pipe, device or socket: nothing is read from it")
      } else {
        bytes = (try? FileManager.default.attributesOfItem(atPath: url.path)[.size] as? Int) ?? 0
        files = try inspectFile(url)
      }
    } catch {
      problems.append(Self.withoutPath("\(error)", url))
    }
    if scansValues { try scan(files, progress) }
  }

  /// The message without the path it starts with, which the report has already.
  private static func withoutPath(_ message: String, _ url: URL) -> String {
    message.hasPrefix("\(url.path): ") ? String(message.dropFirst(url.path.count + 2)) : message
  }

  // MARK: Files

  private mutating func inspectFile(_ url: URL) throws -> [TensorFile] {
    if let picture = try Self.picture(url) {
      (format, kind, self.picture) = (picture.format, "picture", picture.picture)
      return []
    }
    let file = try TensorFile(url)
    format = file.format.rawValue
    metadata = file.metadata
    let ending = url.pathExtension.lowercased()
    let isPickle = file.format == .torchZip || file.format == .torchStream
    if isPickle && ["safetensors", "sft", "gguf"].contains(ending) {
      problems.append(
        "renamed: it ends in .\(ending) but is a Python pickle (\(file.format.rawValue)); tools that go by the name may "
          + "run what is in it. This one holds nothing but weights")
    } else if !isPickle && ["ckpt", "pt", "pth", "bin"].contains(ending) {
      notes.append("it ends in .\(ending) but is \(file.format.rawValue)")
    }
    if let adapter = AdapterSummary(file) {
      (kind, self.adapter, family) = ("adapter", adapter, adapter.base)
      parts = [Self.part("adapter", file, file.keys)]
    } else if let embedding = EmbeddingSummary(file) {
      (kind, self.embedding, family) = ("embedding", embedding, embedding.base)
      parts = [Self.part("embedding", file, file.keys)]
    } else if let layout = try? SingleFileLayout(file) {
      try describe(layout, url)
    } else if let vae = try? AutoencoderFile(url, like: AutoencoderKLConfig()) {
      kind = "autoencoder"
      parts = [Self.part("vae", file, file.keys.filter { $0.hasPrefix(vae.source.prefix) })]
    } else if TinyAutoencoder.isNative(file) || file.shape(of: "decoder.layers.0.weight") != nil {
      kind = "tiny autoencoder"
      parts = [Self.part(TinyAutoencoder.half(of: file)?.rawValue ?? "both halves", file, file.keys)]
    } else {
      kind = "weights"
      parts = [Self.part("weights", file, file.keys)]
      do {
        _ = try SingleFileLayout(file)
      } catch {
        notes.append(Self.withoutPath("\(error)", url))
      }
    }
    return [file]
  }

  private mutating func describe(_ layout: SingleFileLayout, _ url: URL) throws {
    kind = "checkpoint"
    family = layout.family.rawValue
    variant = layout.kind.rawValue
    let prediction = try SingleFilePrediction(layout, url: url)
    self.prediction = prediction.type.rawValue
    notes += prediction.notes
    if prediction.contradictsItself { notes.append("it has the key ztsnr without v_pred (it needs --prediction)") }
    if prediction.levels.edm != nil { notes.append("it was trained on continuous noise levels (EDM)") }
    for part in ModelPart.allCases {
      guard let source = layout.source(part) else { continue }
      parts.append(
        Self.part(
          part.rawValue, layout.file,
          layout.file.keys.filter { $0.hasPrefix(source.prefix) && !HarmlessKeys.contains($0) }))
    }
    if layout.hasAverage { notes.append("it has averaged weights besides (--ema takes them)") }
    if let note = layout.surplusNote(averaged: layout.hasAverage) { notes.append(note) }
    if layout.vae == nil { problems.append("it \(layout.autoencoderProblem ?? "has no autoencoder")") }
    if layout.textEncoders.isEmpty { problems.append("it has no text encoder") }
    let stray = layout.strayKeys
    if !stray.isEmpty {
      problems.append("\(stray.count) tensors belong to no part of the model, such as \(stray[0])")
    }
    guard problems.isEmpty else { return }
    do {
      _ = try PipelineFiles(url)
    } catch {
      problems.append(Self.withoutPath("\(error)", url))
    }
  }

  private static func picture(_ url: URL) throws -> (format: String, picture: Picture)? {
    let start = try FileHandle(forReadingFrom: url).read(upToCount: 8) ?? Data()
    let isPNG = start.starts(with: [0x89, 0x50, 0x4e, 0x47])
    guard isPNG || start.starts(with: [0xff, 0xd8, 0xff]) else { return nil }
    let (image, text) = try ImageFile.loadWithText(url)
    let infotext = text.first { $0.key == ImageFile.parametersKey }?.value
    let parameters = infotext.map { GenerationParameters(parsing: $0) }
    let picture = Picture(
      width: image.width, height: image.height, prompt: parameters?.prompt,
      negativePrompt: parameters?.negativePrompt,
      settings: Dictionary((parameters?.fields ?? []).map { ($0.key, $0.value) }) { first, _ in first })
    return (isPNG ? "PNG" : "JPEG", picture)
  }

  static func part(_ name: String, _ file: TensorFile, _ keys: [String]) -> Part {
    var types: [String: Int] = [:]
    for key in keys {
      guard let entry = file.entry(key) else { continue }
      types[entry.storedType, default: 0] += entry.count
    }
    return Part(name: name, tensors: keys.count, parameters: types.values.reduce(0, +), types: types)
  }

  // MARK: Folders

  private mutating func inspectFolder(_ url: URL, _ variant: String?) throws -> [TensorFile] {
    let hasIndex = FileManager.default.fileExists(atPath: url.appendingPathComponent("model_index.json").path)
    guard hasIndex else {
      let folder = ModelFolder(url, variant: variant)
      let file = try folder.weights()
      kind = "weights"
      parts = [Self.part(url.lastPathComponent, file, file.keys)]
      metadata = file.metadata
      return [file]
    }
    if let pixels = try PixelPipelineFolder(url, try ModelIndex.read(url), variant: variant) {
      return try inspectUnconditional(url, pixels)
    }
    var options = PipelineFileOptions()
    options.variant = variant
    let files = try PipelineFiles(url, options: options)
    notes += files.notes
    kind = "checkpoint"
    let settings = files.configurations
    family = settings.family.rawValue
    self.variant = files.kind?.rawValue
    prediction = settings.scheduler.predictionType.rawValue
    for part in files.parts {
      guard let source = files.sources[part] else { continue }
      parts.append(Self.part(part.rawValue, source.file, source.file.keys))
    }
    return files.parts.compactMap { files.sources[$0]?.file }
  }

  /// A model that draws without words: a network on pixels and a noise schedule.
  private mutating func inspectUnconditional(_ url: URL, _ pixels: PixelPipelineFolder) throws -> [TensorFile] {
    kind = "checkpoint"
    self.variant = "unconditional"
    let file = try pixels.network.weights()
    parts = [Self.part(pixels.network.url.lastPathComponent, file, file.keys)]
    prediction = try ModelFolder(url.appendingPathComponent("scheduler"))
      .decode(SchedulerConfig.self, from: "scheduler_config.json").predictionType.rawValue
    // Every tensor is there and has its shape; values are looked at below.
    _ = try pixels.network.load { root, _ in NetworkClass.build(pixels.config, root) }
    return [file]
  }

  // MARK: Values

  private mutating func scan(_ files: [TensorFile], _ progress: (Int, Int) throws -> Void) throws {
    let total = files.reduce(0) { $0 + $1.keys.count }
    var (done, dead, broken) = (0, [String](), [String]())
    for file in files {
      for key in file.keys {
        let contents = file.raw(key)?.scan()
        if let contents, !contents.isFinite {
          broken.append("\(key) (\(contents.nans) NaN, \(contents.infinities) infinite)")
        } else if contents?.isZero == true, (file.shape(of: key)?.count ?? 0) > 1 {
          // Biases start at zero and may stay there; a matrix of zeros does nothing.
          dead.append(key)
        }
        done += 1
        try progress(done, total)
      }
    }
    if let first = broken.first {
      problems.append("\(broken.count) tensors hold values that are no numbers, such as \(first)")
    }
    if let first = dead.first { notes.append("\(dead.count) tensors are all zero, such as \(first)") }
  }
}
