import Adapters
import Files
import Foundation
import Jobs
import ModelFiles
import PromptLanguage

/// The files that requests may name: what lies in the server's folders, by its name there.
///
/// Names are compared with the names that were found. None becomes part of a path.
struct ServedFiles: Sendable {
  /// A file or folder.
  struct Entry: Sendable {
    let name: String
    /// What to give a job for it: a pipeline's name, or a path.
    let value: String
    let path: String
    let family: String?
    let kind: String
  }

  private(set) var models: [Entry] = []
  private(set) var autoencoders: [Entry] = []
  private(set) var adapters: [Entry] = []
  private(set) var embeddings: [Entry] = []
  /// The file of styles; nil if there is none.
  let styles: String?

  /// Looks through the folders.
  init(_ locator: ModelLocator, styles: String?) {
    self.styles = styles
    let pipelines = Set(locator.pipelineNames)
    for entry in ModelListing(locator).entries {
      let isPipeline = entry.use.hasPrefix("`model` ") && pipelines.contains(entry.name)
      let found = Entry(
        name: entry.name, value: isPipeline ? entry.name : entry.path, path: entry.path, family: entry.family,
        kind: entry.kind)
      switch entry.kind {
      case "adapter": adapters.append(found)
      case "embedding": embeddings.append(found)
      case "autoencoder", "tiny autoencoder": autoencoders.append(found)
      case "not readable": break
      default: if entry.use.hasPrefix("`model` ") { models.append(found) }
      }
    }
    let search = ModelSearch(home: locator.home, workingDirectory: locator.workingDirectory.path)
    autoencoders += Self.others(search, .autoencoder, besides: autoencoders)
    embeddings += Self.others(search, .embedding, besides: embeddings)
  }

  /// Files of a kind in the folders that are called after it.
  private static func others(_ search: ModelSearch, _ kind: ModelSearch.Kind, besides known: [Entry]) -> [Entry] {
    let folders: Set = kind == .autoencoder ? ["vae", "VAE"] : ["embeddings"]
    let paths = Set(known.map(\.path))
    return search.candidates(kind).compactMap { url in
      guard folders.contains(url.deletingLastPathComponent().lastPathComponent), !paths.contains(url.path) else {
        return nil
      }
      return Entry(
        name: url.deletingPathExtension().lastPathComponent, value: url.path, path: url.path, family: nil,
        kind: "\(kind)")
    }
  }

  /// The entry of a name: as it is listed, as its file is called, or as AUTOMATIC1111 writes it, with a hash behind.
  static func find(_ name: String, in entries: [Entry]) -> Entry? {
    let plain = name.firstRange(of: " [").map { String(name[..<$0.lowerBound]) } ?? name
    return entries.first { $0.name == plain } ?? entries.first { ($0.path as NSString).lastPathComponent == plain }
  }

  /// The styles of the file; none if it cannot be read.
  var styleList: [PromptStyles.Style] {
    guard let styles, let file = try? TextFile(URL(fileURLWithPath: styles), limit: 16 << 20) else { return [] }
    return (try? PromptStyles(file))?.styles ?? []
  }

  func model(_ name: String) throws(APIError) -> Entry { try Self.required(name, in: models, "model") }

  static func required(_ name: String, in entries: [Entry], _ setting: String) throws(APIError) -> Entry {
    if let entry = find(name, in: entries) { return entry }
    let names = entries.map(\.name).prefix(12).joined(separator: ", ")
    let known = names.isEmpty ? "there is none here" : "there are \(names)"
    throw APIError(
      .unprocessableContent, "\(setting) \(name.prefix(80)): none of that name is served; \(known)", setting: setting)
  }
}
