import Foundation
import SafeTensors

/// The weights in a component's folder, in every form diffusers and transformers write them: safetensors or pickles,
/// one file or shards with an index, plain or as a variant (`model.fp16.safetensors`, `model.safetensors.index.bf16.json`).
///
/// Source: diffusers project, src/diffusers/utils/hub_utils.py and pipelines/pipeline_loading_utils.py.
public struct WeightFiles: Sendable {
  /// What to open.
  enum Choice: Equatable {
    case file(URL)
    case index(URL)
  }

  private struct Candidate {
    let name: String
    /// nil for the plain one.
    let variant: String?
    let isPickle, isIndex: Bool
    /// Place of its base name among those asked for.
    let place: Int

    /// The safest and simplest first.
    var order: (Int, Int, Int, String) { (isPickle ? 1 : 0, place, isIndex ? 1 : 0, name) }
  }

  private let folder: URL
  private let names: [String]
  private let candidates: [Candidate]
  /// Names of all files but configurations, sorted.
  private let others: [String]

  /// Looks at a folder's names; nothing is opened.
  /// - Parameter names: what the weights may be called, without endings.
  public init(_ folder: URL, names: [String]) throws(CheckpointError) {
    self.folder = folder
    self.names = names
    let found: [String]
    do {
      found = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    } catch {
      let isThere = FileManager.default.fileExists(atPath: folder.path)
      throw .unreadable(path: folder.path, reason: isThere ? "is no folder that can be read" : "not found")
    }
    let bases = names + ["pytorch_model"]
    candidates = found.compactMap { name in
      bases.indices.lazy.compactMap { Self.candidate(name, base: bases[$0], place: $0) }.first
    }
    others = found.filter { !$0.hasSuffix("config.json") && !$0.hasPrefix(".") }
  }

  /// The variants that are there, sorted.
  public var variants: [String] { Set(candidates.compactMap(\.variant)).sorted() }

  /// The files to open.
  /// - Parameter variant: which one; a folder without it gives its plain weights, as in diffusers. nil for the plain
  ///   weights, or the only variant there is.
  /// - Throws: `unreadable`, with what is there.
  func choose(_ variant: String?) throws(CheckpointError) -> Choice {
    if let variant, let found = best(variant) { return found }
    if let found = best(nil) { return found }
    if let variant, !variants.isEmpty {
      throw .unreadable(
        path: folder.path, reason: "has no variant \(variant), only \(variants.joined(separator: ", "))")
    }
    if variants.count > 1 {
      throw .unreadable(
        path: folder.path,
        reason: "has the variants \(variants.joined(separator: ", ")) and no plain weights: choose one with `variant`")
    }
    if let only = variants.first, let found = best(only) { return found }
    let tried = "has no " + names.map { "\($0).safetensors" }.joined(separator: " or ")
    let shown = others.prefix(5).joined(separator: ", ") + (others.count > 5 ? " and \(others.count - 5) more" : "")
    throw .unreadable(path: folder.path, reason: others.isEmpty ? tried : "\(tried), only \(shown)")
  }

  private func best(_ variant: String?) -> Choice? {
    candidates.filter { $0.variant == variant }.min { $0.order < $1.order }.map {
      let url = folder.appendingPathComponent($0.name)
      return $0.isIndex ? .index(url) : .file(url)
    }
  }

  /// What a file's name says; nil for shards, which their index names, and for what is no weights.
  private static func candidate(_ name: String, base: String, place: Int) -> Candidate? {
    guard name.hasPrefix(base + ".") else { return nil }
    let parts = name.dropFirst(base.count + 1).split(separator: ".", omittingEmptySubsequences: false)
    guard !parts.contains("") else { return nil }
    for (kind, isPickle) in [("safetensors", false), ("bin", true)] {
      if parts.last == kind[...] {
        let variant = parts.dropLast().joined(separator: ".")
        if isShard(variant) { return nil }
        return Candidate(
          name: name, variant: variant.isEmpty ? nil : variant, isPickle: isPickle, isIndex: false, place: place)
      }
      // `safetensors.index.fp16.json` as tools write, `fp16.safetensors.index.json` as people do.
      guard parts.last == "json", let index = parts.firstIndex(of: "index"), index > 0, parts[index - 1] == kind[...]
      else { continue }
      let variant = (parts[..<(index - 1)] + parts[(index + 1)...].dropLast()).joined(separator: ".")
      return Candidate(
        name: name, variant: variant.isEmpty ? nil : variant, isPickle: isPickle, isIndex: true, place: place)
    }
    return nil
  }

  /// Whether a part between base name and ending counts shards: `fp16-00001-of-00002`.
  private static func isShard(_ text: String) -> Bool { text.firstMatch(of: /-\d+-of-\d+$/) != nil }
}
