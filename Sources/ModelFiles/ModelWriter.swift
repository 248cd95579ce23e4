import Checkpoints
import Conditioning
import Diffusion
import Files
import Foundation
import Models
import SafeTensors
import TensorCore
import Tokenizers

/// How a pipeline lies on disk.
public enum PipelineFileLayout: String, Sendable, CaseIterable {
  /// diffusers' folder of parts.
  case folder
  /// One safetensors file under the original key names, with a folder for the tokenizer beside it.
  case single
}

/// Writes a pipeline as a folder or as one file; what fails leaves nothing behind.
public struct ModelWriter {
  /// Gives a tensor by part and diffusers' name.
  public typealias Provider = (ModelPart, String) throws -> RawTensor

  /// What became of the weights.
  public struct Report: Sendable, Equatable {
    public var tensors = 0
    public var bytes = 0
    /// Tensors with finite values that the new type cannot hold, so that they became infinite.
    public var overflowed: [String] = []
    public var notes: [String] = []
  }

  let files: PipelineFiles
  let precision: DType?
  let provide: Provider
  /// Whether the weights are those of the files, bit for bit unless a precision is given.
  private let isCopy: Bool
  /// What changed weights were taught: their words are known from then on.
  private let captions: [String]?

  /// - Parameters:
  ///   - files: gives structure, configurations and tokenizers.
  ///   - precision: what float weights are stored in; nil leaves them as they are.
  ///   - provide: gives the weights, in the shapes of the files' ones; by default those. Merges and adapters come in
  ///     here.
  ///   - captions: what those weights were taught besides. Without, what words they know is no longer said
  ///     (`KnownWords`).
  public init(_ files: PipelineFiles, precision: DType? = nil, captions: [String]? = nil, provide: Provider? = nil) {
    self.files = files
    self.captions = captions
    self.precision = precision
    self.provide = provide ?? files.raw
    isCopy = provide == nil
  }

  /// Writes under another name, then renames.
  /// - Parameters:
  ///   - isReplacing: whether a model may be there already; anything else stays, and is an error.
  ///   - progress: called with the number of tensors done and of all.
  public func write(
    to url: URL, as layout: PipelineFileLayout, isReplacing: Bool = false,
    progress: @escaping (Int, Int) throws -> Void = { _, _ in }
  ) throws -> Report {
    let place = try ModelPlace(url, for: layout, isReplacing: isReplacing)
    guard files.tiny == nil else {
      throw GenerationError.unsupported(
        what:
          "\(files.url.path): TAESD is no part of a model that can be written; leave it out, and give it with `vae` "
          + "where pictures are made")
    }
    switch layout {
    case .folder: return try writeFolder(place, progress)
    case .single: return try writeSingle(place, progress)
    }
  }

  /// A tensor as it is written; notes what no longer fits.
  func converted(_ part: ModelPart, _ key: String, _ report: inout Report) throws -> RawTensor {
    let raw = try provide(part, key)
    let wanted = try storedType(part, key)
    guard raw.type != wanted, let dtype = DType.allCases.first(where: { $0.elementType == wanted }) else { return raw }
    let result = raw.converted(to: dtype)
    if dtype == .f16, !result.scan().isFinite, raw.scan().isFinite {
      report.overflowed.append("\(part.rawValue) \(key)")
    }
    return result
  }

  /// The element type a tensor will have. Types that nothing is computed in are widened once values change.
  func storedType(_ part: ModelPart, _ key: String) throws -> ElementType {
    guard let type = files.sources[part]?.elementType(of: key) else {
      throw CheckpointError.missingTensor(path: files.url.path, name: key)
    }
    guard type.isFloat else { return type }
    if let precision { return precision.elementType }
    switch type {
    case .F64 where !isCopy: return .F32
    case .F8_E4M3 where !isCopy, .F8_E5M2 where !isCopy: return .F16
    default: return type
    }
  }

  func shape(_ part: ModelPart, _ key: String) -> [Int] { files.sources[part]?.shape(of: key) ?? [] }
}

extension PipelineFiles {
  /// A tensor by part and diffusers' name.
  public func raw(_ part: ModelPart, _ key: String) throws -> RawTensor {
    guard let tensor = sources[part]?.raw(key) else {
      throw CheckpointError.missingTensor(path: sources[part]?.description ?? url.path, name: key)
    }
    return tensor
  }

  /// diffusers' names of a part's tensors, sorted.
  public func keys(_ part: ModelPart) -> [String] { (sources[part]?.keys ?? []).sorted() }

  /// The parts that are there.
  public var parts: [ModelPart] { ModelPart.allCases.filter { sources[$0] != nil } }
}

// MARK: - Folders

extension ModelWriter {
  private func writeFolder(_ place: ModelPlace, _ progress: (Int, Int) throws -> Void) throws -> Report {
    var report = Report()
    let partial = try Self.folder(place.url)
    let temporary = partial.url
    let total = files.parts.reduce(0) { $0 + files.keys($1).count }
    for part in files.parts {
      let folder = temporary.appendingPathComponent(part.rawValue)
      try Self.make(folder)
      let isBare = files.configurations.bareTextParts.contains(part)
      func name(_ key: String) -> String {
        isBare && key.hasPrefix("text_model.") ? String(key.dropFirst("text_model.".count)) : key
      }
      let keys = files.keys(part).sorted { name($0) < name($1) }
      let entries = try keys.map { (name($0), try storedType(part, $0), shape(part, $0)) }
      let writer = try SafeTensorsWriter(
        url: folder.appendingPathComponent("\(part.weightsName).safetensors"), entries: entries,
        metadata: ["format": "pt"])
      for key in keys {
        try append(try converted(part, key, &report), to: writer, &report)
        try progress(report.tensors, total)
      }
      try writer.finish()
    }
    for (path, text) in try files.configurations.completeTexts() {
      let file = temporary.appendingPathComponent(path)
      try Self.make(file.deletingLastPathComponent())
      try Self.put(Data(text.utf8), file)
    }
    for (index, name) in tokenizerNames("tokenizer").enumerated() {
      let folder = temporary.appendingPathComponent(name)
      try Self.make(folder)
      try copyTokenizer(index, to: folder, &report)
    }
    noteMissingTokenizers("tokenizer", &report)
    try Self.finish(partial, place)
    return report
  }

  /// A folder that will have its name once it is finished.
  static func folder(_ url: URL) throws(CheckpointError) -> PartialFolder {
    do { return try PartialFolder(url.path) } catch {
      throw .unwritable(path: url.path, reason: error.description)
    }
  }

  /// Gives a folder its name, in place of what may be replaced there.
  static func finish(_ folder: PartialFolder, _ place: ModelPlace) throws(CheckpointError) {
    do { try folder.finish(replacing: place.isReplacing) } catch {
      throw .unwritable(path: place.url.path, reason: error.description)
    }
  }

  func append(_ raw: RawTensor, to writer: SafeTensorsWriter, _ report: inout Report) throws {
    try raw.withBytes { (bytes) throws(CheckpointError) in try writer.append(bytes) }
    report.tensors += 1
    report.bytes += raw.count * raw.type.byteSize
  }

  private static func make(_ folder: URL) throws(CheckpointError) {
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    } catch {
      throw .unwritable(path: folder.path, reason: "the folder cannot be made")
    }
  }

  private static func put(_ data: Data, _ file: URL) throws(CheckpointError) {
    do { try PartialFile.write(data, to: file.path) } catch {
      throw .unwritable(path: file.path, reason: error.description)
    }
  }

  /// The folders of the tokenizers that were found, one for each text encoder.
  func tokenizerNames(_ stem: String) -> [String] {
    files.textParts.indices.prefix(files.tokenizers.count).map { stem + ($0 == 0 ? "" : "_2") }
  }

  func noteMissingTokenizers(_ stem: String, _ report: inout Report) {
    for index in files.textParts.indices.dropFirst(files.tokenizers.count) {
      let name = stem + (index == 0 ? "" : "_2")
      report.notes.append("no tokenizer was found: \(name) needs CLIP's vocab.json and merges.txt")
    }
  }

  /// Copies a tokenizer's files; where the files' family decides the padding, the settings say so afterwards.
  func copyTokenizer(_ index: Int, to target: URL, _ report: inout Report) throws {
    let place = files.tokenizers[index]
    for name in TokenizerFileNames.all {
      let isSetting = name == "tokenizer_config.json" || name == "special_tokens_map.json"
      let file = place.folder.appendingPathComponent(name)
      guard FileManager.default.fileExists(atPath: file.path), place.padToken == nil || !isSetting else { continue }
      guard let data = try name == KnownWords.fileName ? knownWords(place.folder) : Data(contentsOf: file) else {
        report.notes.append(
          "\(name) is left out: which words the new weights know, nobody can say; prompts are read whole")
        continue
      }
      try Self.put(data, target.appendingPathComponent(name))
    }
    guard let pad = place.padToken else { return }
    let tokenizer = try files.tokenizer(index)
    let settings: [String: Any] = [
      "tokenizer_class": "CLIPTokenizer", "model_max_length": tokenizer.maximumLength, "pad_token": pad,
      "bos_token": tokenizer.token(tokenizer.startID) ?? "", "eos_token": tokenizer.token(tokenizer.endID) ?? "",
      "unk_token": tokenizer.token(tokenizer.endID) ?? "",
    ]
    let data = try JSONSerialization.data(withJSONObject: settings, options: [.prettyPrinted, .sortedKeys])
    try Self.put(data + Data("\n".utf8), target.appendingPathComponent("tokenizer_config.json"))
  }

  /// The words that are known afterwards; nil where nobody can say.
  private func knownWords(_ tokenizer: URL) throws -> Data? {
    let file = tokenizer.appendingPathComponent(KnownWords.fileName)
    let text = try String(contentsOf: file, encoding: .utf8)
    if isCopy { return Data(text.utf8) }
    guard let captions else { return nil }
    let old = try KnownWords(text: text, path: file.path)
    let words = KnownWords(
      old.roles.merging(KnownWords(captions: captions).roles) { old, _ in old }, standIns: old.standIns)
    return Data(words.text(heading: ["Words of the training captions."]).utf8)
  }
}
