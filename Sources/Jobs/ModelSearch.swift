import Foundation
import ModelFiles

/// Finds files again that metadata names without their folders: by name, and by hash whatever they are called now.
public struct ModelSearch: Sendable {
  /// What a file is, which says how its name ends and in which folders people keep it.
  public enum Kind: Sendable, CaseIterable {
    case model, autoencoder, adapter, embedding, tokenizer, guide, picture

    var endings: [String] {
      switch self {
      case .model: ["safetensors", "ckpt", "gguf"]
      case .autoencoder, .adapter, .embedding: ["safetensors", "pt", "ckpt", "bin", "pth"]
      case .tokenizer, .guide: []
      case .picture: ["png", "jpg", "jpeg"]
      }
    }

    /// Folders below a place, besides the place itself.
    var folders: [String] {
      switch self {
      case .model: ["models", "checkpoints", "models/Stable-diffusion", "models/checkpoints"]
      case .autoencoder: ["vae", "VAE", "models/VAE", "models/vae"]
      case .adapter: ["loras", "lora", "models/Lora", "models/loras"]
      case .embedding: ["embeddings", "models/embeddings"]
      case .tokenizer: ["tokenizer"]
      case .guide: ["guides"]
      case .picture: []
      }
    }

    /// A file of this kind's folder marks it as one.
    var marks: [String] {
      switch self {
      case .model: ["model_index.json"]
      case .autoencoder: ["config.json"]
      case .tokenizer: ["vocab.json", "tokenizer.json"]
      case .guide: [GuideFolder.indexName]
      case .adapter, .embedding, .picture: []
      }
    }
  }

  /// A file that was found.
  public struct Found: Sendable, Equatable {
    public let url: URL
    /// Whether its hash is the one asked for; nil if none was.
    public let isSame: Bool?
  }

  /// Folders that are searched, the nearest first.
  public private(set) var places: [URL]

  /// The folder of the picture, the working folder, the program's `Weights/` and its home.
  public init(
    home: URL, beside picture: URL? = nil, workingDirectory: String = FileManager.default.currentDirectoryPath
  ) {
    let cwd = URL(fileURLWithPath: workingDirectory)
    places = []
    for place in [picture?.deletingLastPathComponent(), cwd] + [home.appendingPathComponent("Weights"), home] {
      if let place { add(place) }
    }
  }

  /// Searches a model's folder too: the one it lies in, and its own if it is a folder.
  public mutating func add(model: URL) {
    add(model.deletingLastPathComponent())
    if Self.isFolder(model) { add(model) }
  }

  private mutating func add(_ place: URL) {
    let place = place.standardizedFileURL
    if !places.contains(place) { places.append(place) }
  }

  /// Everything of a kind in the places, in their order.
  public func candidates(_ kind: Kind) -> [URL] {
    var found: [URL] = []
    var known: Set<String> = []
    for place in places {
      for folder in [place] + kind.folders.map({ place.appendingPathComponent($0) }) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        for name in names.sorted() where !name.hasPrefix(".") {
          let url = folder.appendingPathComponent(name).standardizedFileURL
          if Self.isA(url, kind), known.insert(url.path).inserted { found.append(url) }
        }
      }
    }
    return found
  }

  /// A file or folder of a kind.
  /// - Parameters:
  ///   - name: a path, or a file's name with or without its ending.
  ///   - hash: what `ModelHash.matches` compares; nil takes the first of that name.
  /// - Returns: the one whose hash is right, whatever its name; else the first of that name.
  public func find(_ kind: Kind, named name: String, hash: String?) -> Found? {
    let hash = hash.flatMap { $0.isEmpty ? nil : $0 }
    let named = candidates(kind, named: name)
    guard let hash else { return named.first.map { Found(url: $0, isSame: nil) } }
    if let same = named.first(where: { Self.has($0, hash, kind) }) { return Found(url: same, isSame: true) }
    if let same = candidates(kind).first(where: { Self.has($0, hash, kind) }) { return Found(url: same, isSame: true) }
    return named.first.map { Found(url: $0, isSame: false) }
  }

  private func candidates(_ kind: Kind, named name: String) -> [URL] {
    guard !name.isEmpty else { return [] }
    let last = (name as NSString).lastPathComponent
    let folders = places.flatMap { place in [place] + kind.folders.map { place.appendingPathComponent($0) } }
    let paths =
      [URL(fileURLWithPath: name)] + places.map { $0.appendingPathComponent(name) }
      + folders.flatMap { folder in
        ([last] + kind.endings.map { "\(last).\($0)" }).map { folder.appendingPathComponent($0) }
      }
    return paths.filter { Self.isA($0, kind) }
  }

  private static func has(_ url: URL, _ hash: String, _ kind: Kind) -> Bool {
    kind == .tokenizer ? ModelHash.tokenizer(url) == hash : ModelHash.matches(url, hash)
  }

  private static func isFolder(_ url: URL) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) && isFolder.boolValue
  }

  private static func isA(_ url: URL, _ kind: Kind) -> Bool {
    let files = FileManager.default
    if isFolder(url) { return kind.marks.contains { files.fileExists(atPath: url.appendingPathComponent($0).path) } }
    return files.fileExists(atPath: url.path) && kind.endings.contains(url.pathExtension.lowercased())
  }
}

extension ModelSearch {
  /// What to give as `--model` for a model as metadata names it: a pipeline's name or a path; nil if it is not here.
  public func model(named name: String, hash: String?, locator: ModelLocator) -> String? {
    let hash = hash.flatMap { $0.isEmpty ? nil : $0 }
    let pipelines = Self.pipelines(locator)
    let isName = !name.isEmpty && !name.contains("/") && !name.hasPrefix(".")
    let byName = isName ? pipelines.first { $0.name == name } : nil
    if let byName, hash.map({ ModelHash.matches(byName.model, $0) }) ?? true { return name }
    let found = isName ? find(.model, named: name, hash: hash) : nil
    if let found, found.isSame != false { return found.url.path }
    if let hash, let same = pipelines.first(where: { ModelHash.matches($0.model, hash) }) { return same.name }
    if !isName, let hash, let same = candidates(.model).first(where: { ModelHash.matches($0, hash) }) {
      return same.path
    }
    return byName?.name ?? found?.url.path
  }

  /// The pipelines of the program with their models' files.
  private static func pipelines(_ locator: ModelLocator) -> [(name: String, model: URL)] {
    let folder = locator.home.appendingPathComponent("Pipelines")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.sorted().filter { $0.hasSuffix(".yaml") }.compactMap { file in
      let name = String(file.dropLast(".yaml".count))
      // Recipes lie there too.
      return (try? locator.pipeline(name)).map { (name, $0.folder) }
    }
  }
}
