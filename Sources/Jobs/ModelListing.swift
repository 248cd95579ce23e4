import Adapters
import Foundation
import ModelFiles

/// What there is to draw with: pipelines, models and what changes them, where they are looked up by name.
public struct ModelListing: Sendable {
  /// One thing that can be named.
  public struct Entry: Sendable, Equatable, Encodable {
    /// By which it is found.
    public let name: String
    /// `text to image`, `inpainting`, `instruction`, `adapter`, `embedding`, `autoencoder`, `tiny autoencoder`, or what is
    /// wrong with it.
    public let kind: String
    /// `SD 1.x` and the like, where that can be told.
    public let family: String?
    public let bytes: Int
    public let path: String
    /// What to say to get it: a setting in backticks and its value, or a tag for the prompt.
    public var use: String
  }

  /// Sorted by kind of use, then as they are found.
  public let entries: [Entry]

  public init(_ locator: ModelLocator = ModelLocator()) {
    var seen: Set<String> = []
    var entries: [Entry] = []
    func add(_ name: String, _ url: URL, use: ((String) -> String)? = nil) {
      // Several pipelines may run one model; what a pipeline runs needs no name besides.
      guard let found = Self.look(at: url), seen.insert(url.resolvingSymlinksInPath().path).inserted || use != nil
      else { return }
      let kind = found.variant ?? found.kind ?? "not readable"
      entries.append(
        Entry(
          name: name, kind: kind, family: found.family, bytes: Self.size(of: url), path: url.path,
          use: use?(name) ?? Self.use(found.kind, name: name, path: url.path)))
    }
    for name in locator.pipelineNames {
      guard let (_, model) = try? locator.pipeline(name) else { continue }
      add(name, model, use: { "`model` \($0)" })
    }
    for folder in locator.modelFolders {
      for (name, url) in Self.models(in: folder) { add(name, url) }
    }
    let adapters = AdapterFolders.standard(
      model: nil, home: locator.home, workingDirectory: locator.workingDirectory)
    for (name, url) in adapters.all() { add(name, url) }
    self.entries = entries
  }

  /// Models of a folder with the names they are found by.
  private static func models(in folder: URL) -> [(String, URL)] {
    let manager = FileManager.default
    return ((try? manager.contentsOfDirectory(atPath: folder.path)) ?? []).sorted().compactMap { file in
      let url = folder.appendingPathComponent(file)
      if manager.fileExists(atPath: url.appendingPathComponent("model_index.json").path) { return (file, url) }
      guard ModelLocator.endings.contains(url.pathExtension.lowercased()) else { return nil }
      return (url.deletingPathExtension().lastPathComponent, url)
    }
  }

  /// nil for what is nothing this program reads.
  private static func look(at url: URL) -> ModelInspection? {
    guard let found = try? ModelInspection(url, scansValues: false) else { return nil }
    return found.kind == "picture" || found.kind == "weights" ? nil : found
  }

  private static func use(_ kind: String?, name: String, path: String) -> String {
    switch kind {
    case "adapter": "<lora:\(name):1>"
    case "embedding": "`embedding` \(path)"
    case "autoencoder", "tiny autoencoder": "`vae` \(path)"
    default: "`model` \(name)"
    }
  }

  /// Bytes of a file, or of all files of a folder.
  private static func size(of url: URL) -> Int {
    func bytes(_ path: String) -> Int {
      let real = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
      return (try? FileManager.default.attributesOfItem(atPath: real)[.size] as? Int) ?? 0
    }
    guard let names = FileManager.default.enumerator(atPath: url.path), url.hasDirectory else { return bytes(url.path) }
    return names.reduce(0) { sum, name in
      guard let name = name as? String else { return sum }
      let file = url.appendingPathComponent(name)
      return file.hasDirectory ? sum : sum + bytes(file.path)
    }
  }
}

extension URL {
  /// Whether a folder is there.
  fileprivate var hasDirectory: Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
  }
}
