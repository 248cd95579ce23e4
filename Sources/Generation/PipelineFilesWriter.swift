import Checkpoints
import Diffusion
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
public struct PipelineFilesWriter {
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

  /// - Parameters:
  ///   - files: gives structure, configurations and tokenizers.
  ///   - precision: what float weights are stored in; nil leaves them as they are.
  ///   - provide: gives the weights, in the shapes of the files' ones; by default those. Merges and adapters come in
  ///     here.
  public init(_ files: PipelineFiles, precision: DType? = nil, provide: Provider? = nil) {
    self.files = files
    self.precision = precision
    self.provide = provide ?? files.raw
    isCopy = provide == nil
  }

  /// Writes under a temporary name, then renames.
  /// - Parameters:
  ///   - isReplacing: whether something may be there already.
  ///   - progress: called with the number of tensors done and of all.
  public func write(
    to url: URL, as layout: PipelineFileLayout, isReplacing: Bool = false,
    progress: @escaping (Int, Int) throws -> Void = { _, _ in }
  ) throws -> Report {
    guard isReplacing || !FileManager.default.fileExists(atPath: url.path) else {
      throw CheckpointError.unwritable(path: url.path, reason: "exists already; --force replaces it")
    }
    guard files.tiny == nil else {
      throw GenerationError.unsupported(
        what:
          "\(files.url.path): TAESD is no part of a model that can be written; leave it out, and give it with --vae "
          + "where pictures are made")
    }
    switch layout {
    case .folder: return try writeFolder(url, progress)
    case .single: return try writeSingle(url, progress)
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

extension PipelineFilesWriter {
  private func writeFolder(_ url: URL, _ progress: (Int, Int) throws -> Void) throws -> Report {
    let manager = FileManager.default
    let temporary = url.deletingLastPathComponent()
      .appendingPathComponent(".\(url.lastPathComponent).partial-\(UUID().uuidString)")
    defer { try? manager.removeItem(at: temporary) }
    var report = Report()
    do {
      try manager.createDirectory(at: temporary, withIntermediateDirectories: true)
    } catch {
      throw CheckpointError.unwritable(path: url.path, reason: "the folder cannot be made")
    }
    let total = files.parts.reduce(0) { $0 + files.keys($1).count }
    for part in files.parts {
      let folder = temporary.appendingPathComponent(part.rawValue)
      try manager.createDirectory(at: folder, withIntermediateDirectories: true)
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
      try manager.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: file)
    }
    for (index, suffix) in files.textParts.indices.map({ ($0, $0 == 0 ? "" : "_2") }) {
      try copyTokenizer(index, to: temporary.appendingPathComponent("tokenizer\(suffix)"), &report)
    }
    try Self.move(temporary, to: url)
    return report
  }

  /// Puts a finished folder in the place of an older one.
  static func move(_ folder: URL, to url: URL) throws {
    let manager = FileManager.default
    let old = url.deletingLastPathComponent().appendingPathComponent(
      ".\(url.lastPathComponent).old-\(UUID().uuidString)")
    do {
      let exists = manager.fileExists(atPath: url.path)
      if exists { try manager.moveItem(at: url, to: old) }
      try manager.moveItem(at: folder, to: url)
      if exists { try? manager.removeItem(at: old) }
    } catch {
      throw CheckpointError.unwritable(path: url.path, reason: "the finished folder cannot be moved there")
    }
  }

  func append(_ raw: RawTensor, to writer: SafeTensorsWriter, _ report: inout Report) throws {
    try raw.withBytes { (bytes) throws(CheckpointError) in try writer.append(bytes) }
    report.tensors += 1
    report.bytes += raw.count * raw.type.byteSize
  }

  private static let tokenizerFiles = [
    "vocab.json", "merges.txt", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
    "added_tokens.json", KnownWords.fileName,
  ]

  /// Copies a tokenizer's files; where the files' family decides the padding, the settings say so afterwards.
  func copyTokenizer(_ index: Int, to target: URL, _ report: inout Report) throws {
    guard index < files.tokenizers.count else {
      report.notes.append("no tokenizer was found: \(target.lastPathComponent) needs CLIP's vocab.json and merges.txt")
      return
    }
    let manager = FileManager.default
    let place = files.tokenizers[index]
    try manager.createDirectory(at: target, withIntermediateDirectories: true)
    for name in Self.tokenizerFiles {
      let isSetting = name == "tokenizer_config.json" || name == "special_tokens_map.json"
      let file = place.folder.appendingPathComponent(name)
      guard manager.fileExists(atPath: file.path), place.padToken == nil || !isSetting else { continue }
      try Data(contentsOf: file).write(to: target.appendingPathComponent(name))
    }
    guard let pad = place.padToken else { return }
    let tokenizer = try files.tokenizer(index)
    let settings: [String: Any] = [
      "tokenizer_class": "CLIPTokenizer", "model_max_length": tokenizer.maximumLength, "pad_token": pad,
      "bos_token": tokenizer.token(tokenizer.startID) ?? "", "eos_token": tokenizer.token(tokenizer.endID) ?? "",
      "unk_token": tokenizer.token(tokenizer.endID) ?? "",
    ]
    let data = try JSONSerialization.data(withJSONObject: settings, options: [.prettyPrinted, .sortedKeys])
    try (data + Data("\n".utf8)).write(to: target.appendingPathComponent("tokenizer_config.json"))
  }
}
