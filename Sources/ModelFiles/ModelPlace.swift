import Checkpoints
import Files
import Foundation
import SafeTensors
import Tokenizers

/// The place a model is to be written to, and whether what stands there may go.
///
/// Only a model's file or folder is ever replaced: one that holds nothing but what belongs to a model. What is in it
/// besides is named and stays, with everything else.
public struct ModelPlace: Sendable {
  /// Where to write: where a symbolic link leads, which itself stays.
  public let url: URL
  let isReplacing: Bool

  /// - Parameter isReplacing: whether a model may be there already.
  /// - Throws: `unwritable` for a place that is taken, or that nothing may be written to.
  public init(_ url: URL, for layout: PipelineFileLayout, isReplacing: Bool) throws(CheckpointError) {
    self.isReplacing = isReplacing
    guard let kind = Self.kind(url) else {
      if (try? FileManager.default.destinationOfSymbolicLink(atPath: url.path)) != nil {
        throw .unwritable(path: url.path, reason: "it is a symbolic link that leads nowhere")
      }
      self.url = url
      return
    }
    let real = URL(fileURLWithPath: Self.realPath(url))
    self.url = real
    if let what = Self.whatIsUsed(real.path) { throw .unwritable(path: url.path, reason: "it is \(what)") }
    guard isReplacing else { throw .unwritable(path: url.path, reason: "exists already; --force replaces it") }
    let reason: String?
    switch (layout, kind) {
    case (.folder, .typeDirectory): reason = Self.whyKept(folder: real)
    case (.folder, _): reason = "a file is there, and a folder is to be written"
    case (.single, .typeRegular): reason = Self.whyKept(file: real)
    case (.single, _):
      reason = "a \(kind == .typeDirectory ? "folder" : "device") is there, and a file is to be written"
    }
    if let reason { throw .unwritable(path: url.path, reason: reason) }
  }

  /// Throws unless a tokenizer's folder beside the file is free, or holds a tokenizer that may be replaced.
  func checkTokenizer(_ folder: URL) throws(CheckpointError) {
    guard let kind = Self.kind(folder) else { return }
    guard isReplacing else { throw .unwritable(path: folder.path, reason: "exists already; --force replaces it") }
    guard kind == .typeDirectory else {
      throw .unwritable(path: folder.path, reason: "a file is there, and the tokenizer's folder is to be written")
    }
    if let name = Self.names(in: folder).first(where: { !TokenizerFileNames.all.contains($0) }) {
      throw .unwritable(path: folder.path, reason: Self.kept(name, "a tokenizer"))
    }
  }

  /// The folder of a single file's first tokenizer; that of the second has `_2` behind.
  var tokenizerStem: URL { URL(fileURLWithPath: url.deletingPathExtension().path + ".tokenizer") }

  // MARK: What stands there

  /// What a path leads to; nil for nothing.
  private static func kind(_ url: URL) -> FileAttributeType? {
    guard access(url.path, F_OK) == 0 else { return nil }
    return try? FileManager.default.attributesOfItem(atPath: realPath(url))[.type] as? FileAttributeType
  }

  private static func realPath(_ url: URL) -> String {
    guard let path = realpath(url.path, nil) else { return url.path }
    defer { free(path) }
    return String(cString: path)
  }

  /// What a folder is that is never replaced, whatever it holds.
  private static func whatIsUsed(_ path: String) -> String? {
    func holds(_ other: String) -> Bool { path == "/" || other == path || other.hasPrefix(path + "/") }
    if path == "/" { return "the root of all files" }
    if holds(realPath(URL(fileURLWithPath: FileManager.default.currentDirectoryPath))) {
      return "the working folder, or one around it"
    }
    return holds(realPath(FileManager.default.homeDirectoryForCurrentUser)) ? "your home folder, or one around it" : nil
  }

  private static func whyKept(file: URL) -> String? {
    if (try? FileManager.default.attributesOfItem(atPath: file.path)[.size] as? Int) == 0 { return nil }
    do {
      _ = try TensorFile(file)
      return nil
    } catch {
      return "what is there is no model's file: give another name, or remove it yourself"
    }
  }

  private static func whyKept(folder: URL) -> String? {
    let names = names(in: folder)
    if names.isEmpty { return nil }
    for name in names where name != index {
      let part = folder.appendingPathComponent(name)
      guard components.contains(name), kind(part) == .typeDirectory else { return kept(name, "a model") }
      for inner in Self.names(in: part)
      where !isPart(inner) || kind(part.appendingPathComponent(inner)) == .typeDirectory {
        return kept("\(name)/\(inner)", "a model")
      }
    }
    return names.contains(index) ? nil : "it is no model's folder: it has no \(index)"
  }

  private static func kept(_ name: String, _ what: String) -> String {
    "it holds \(name), which is no part of \(what): give another name, or move that away"
  }

  /// Sorted; without what a run that was cut short left.
  private static func names(in folder: URL) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).filter { !Partials.isPartial($0) }
      .sorted()
  }

  private static let index = "model_index.json"

  /// Folders of diffusers' pipelines.
  private static let components = Set(ModelPart.allCases.map(\.rawValue)).union([
    "tokenizer", "tokenizer_2", "scheduler", "feature_extractor", "safety_checker", "image_encoder",
  ])

  /// Whether a file of that name belongs into a component's folder.
  private static func isPart(_ name: String) -> Bool {
    let settings: Set = [
      "config.json", "scheduler_config.json", "preprocessor_config.json", "generation_config.json",
    ]
    if settings.contains(name) || TokenizerFileNames.all.contains(name) { return true }
    return ["diffusion_pytorch_model", "pytorch_model", "model"].contains { stem in
      [".safetensors", ".bin", ".json"].contains { name.hasSuffix($0) } && name.hasPrefix(stem)
        && [".", "-"].contains(name.dropFirst(stem.count).first)
    }
  }
}

/// The files of a tokenizer's folder.
enum TokenizerFileNames {
  static let all: [String] = [
    "vocab.json", "merges.txt", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
    "added_tokens.json", KnownWords.fileName,
  ]
}
