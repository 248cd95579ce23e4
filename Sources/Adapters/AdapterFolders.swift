import Checkpoints
import Foundation

/// The folders in which adapters are looked up by name.
public struct AdapterFolders: Sendable {
  public let folders: [URL]

  /// - Parameter folders: searched in this order, each with everything below it.
  public init(_ folders: [URL]) { self.folders = folders }

  /// `loras/` in the working directory, beside the model and inside its folder.
  /// - Parameter model: the model's file or folder.
  public static func standard(model: URL?) -> AdapterFolders {
    let places = [
      URL(fileURLWithPath: FileManager.default.currentDirectoryPath), model?.deletingLastPathComponent(), model,
    ]
    return AdapterFolders(places.compactMap { $0?.appendingPathComponent("loras") })
  }

  /// Endings of adapter files, the safest first.
  private static let endings = ["safetensors", "pt", "bin", "ckpt", "pth"]

  /// The file of that name: its path below a folder, with or without its ending, or its name alone, or the name it
  /// was given when it was trained.
  /// - Throws: `notFound`, with names that are alike.
  public func find(_ name: String) throws(AdapterError) -> URL {
    let files = folders.flatMap(Self.files)
    let wanted = name.trimmingCharacters(in: .whitespaces)
    let rules: [(Entry) -> Bool] = [
      { $0.relative == wanted || $0.bare == wanted },
      { $0.stem == wanted },
      { $0.stem.lowercased() == wanted.lowercased() },
      { $0.trainedName == wanted },
    ]
    if !wanted.isEmpty {
      for rule in rules {
        if let found = files.first(where: rule) { return found.url }
      }
    }
    let key = wanted.lowercased()
    let similar = files.map(\.stem).filter {
      let stem = $0.lowercased()
      return !key.isEmpty && (stem.contains(key) || key.contains(stem) || stem.hasPrefix(key.prefix(3)))
    }
    throw .notFound(name: name, folders: folders.map(\.path), similar: Array(Set(similar).sorted().prefix(3)))
  }

  /// Every adapter's name, for listings: its path below the folder without the ending.
  public func names() -> [String] { Set(folders.flatMap(Self.files).map(\.bare)).sorted() }

  private struct Entry {
    let url: URL
    /// Path below the folder.
    let relative: String
    var bare: String { String(relative.dropLast(url.pathExtension.count + 1)) }
    var stem: String { url.deletingPathExtension().lastPathComponent }
    /// kohya's `ss_output_name`.
    var trainedName: String? {
      url.pathExtension == "safetensors" ? (try? TensorFile(url))?.metadata["ss_output_name"] : nil
    }
  }

  private static func files(_ folder: URL) -> [Entry] {
    let root = folder.resolvingSymlinksInPath()
    guard let walk = FileManager.default.enumerator(atPath: root.path) else { return [] }
    let found = walk.compactMap { item -> Entry? in
      guard let relative = item as? String else { return nil }
      let url = root.appendingPathComponent(relative)
      return endings.contains(url.pathExtension) ? Entry(url: url, relative: relative) : nil
    }
    func order(_ entry: Entry) -> (Int, String) {
      (endings.firstIndex(of: entry.url.pathExtension) ?? endings.count, entry.relative)
    }
    return found.sorted { order($0) < order($1) }
  }
}
