import Checkpoints
import Foundation

/// The folders in which adapters are looked up by name.
public struct AdapterFolders: Sendable {
  /// A folder, with what lies below it or without.
  private struct Place: Sendable {
    let url: URL
    let isDeep: Bool
  }

  private let places: [Place]
  /// What lies there: read once, however many names are looked up.
  private let entries: [Entry]

  /// - Parameter folders: searched in this order, each with everything below it.
  public init(_ folders: [URL]) { self.init(places: folders.map { Place(url: $0, isDeep: true) }) }

  private init(places: [Place]) {
    self.places = places
    entries = places.flatMap(Self.files)
  }

  /// Names that folders of adapters have, as this program, AUTOMATIC1111 and ComfyUI call them.
  private static let names = ["loras", "Lora", "lora", "LoRA", "models/Lora", "models/loras"]

  /// The places people know, for `--help` and messages.
  public static let usual =
    "the working folder, its loras/, Lora/ and models/Lora/, the same beside the model and one folder up, and "
    + "IMAGO_HOME's loras/"

  /// Where adapters usually lie: in the working directory, with the model, with the program.
  /// - Parameters:
  ///   - model: the model's file or folder.
  ///   - home: the folder of the program's own models.
  public static func standard(
    model: URL?, home: URL?,
    workingDirectory: URL = URL(fileURLWithPath: FileManager.default.currentDirectoryPath)
  ) -> AdapterFolders {
    let beside = model?.deletingLastPathComponent()
    // In AUTOMATIC1111's and ComfyUI's trees models and adapters have folders beside each other.
    let around = [workingDirectory, model, beside, beside?.deletingLastPathComponent(), home].compactMap { $0 }
    let deep = around.flatMap { folder in names.map { Place(url: folder.appendingPathComponent($0), isDeep: true) } }
    let flat = [workingDirectory, beside].compactMap { $0.map { Place(url: $0, isDeep: false) } }
    var known: Set<String> = []
    // One folder may have several of these paths, and on some file systems several of these names.
    return AdapterFolders(
      places: (deep + flat).filter { place in
        guard FileManager.default.fileExists(atPath: place.url.path) else { return false }
        return known.insert("\(place.url.resolvingSymlinksInPath().path) \(place.isDeep)").inserted
      })
  }

  /// Endings of adapter files, the safest first.
  private static let endings = ["safetensors", "pt", "bin", "ckpt", "pth"]

  /// The file of that name: its path below a folder, with or without its ending, or its name alone, or the name it
  /// was given when it was trained.
  /// - Throws: `notFound`, with names that are alike.
  public func find(_ name: String) throws(AdapterError) -> URL {
    let wanted = name.trimmingCharacters(in: .whitespaces)
    let rules: [(Entry) -> Bool] = [
      { $0.relative == wanted || $0.bare == wanted },
      { $0.stem == wanted },
      { $0.stem.lowercased() == wanted.lowercased() },
      { $0.trainedName == wanted },
    ]
    if !wanted.isEmpty {
      for rule in rules {
        if let found = entries.first(where: rule) { return found.url }
      }
    }
    let key = wanted.lowercased()
    let similar = entries.map(\.stem).filter {
      let stem = $0.lowercased()
      return !key.isEmpty && (stem.contains(key) || key.contains(stem) || stem.hasPrefix(key.prefix(3)))
    }
    throw .notFound(name: name, folders: places.map(\.url.path), similar: Array(Set(similar).sorted().prefix(3)))
  }

  /// Every adapter's file with the name it is found by: its path below the folder without the ending.
  public func all() -> [(name: String, url: URL)] {
    var names: Set<String> = []
    return entries.compactMap { names.insert($0.bare).inserted ? ($0.bare, $0.url) : nil }
  }

  private struct Entry: Sendable {
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

  private static func files(_ place: Place) -> [Entry] {
    let root = place.url.resolvingSymlinksInPath()
    let found = paths(root, isDeep: place.isDeep).compactMap { relative -> Entry? in
      let url = root.appendingPathComponent(relative)
      return endings.contains(url.pathExtension) ? Entry(url: url, relative: relative) : nil
    }
    func order(_ entry: Entry) -> (Int, String) {
      (endings.firstIndex(of: entry.url.pathExtension) ?? endings.count, entry.relative)
    }
    return found.sorted { order($0) < order($1) }
  }

  private static func paths(_ root: URL, isDeep: Bool) -> [String] {
    guard isDeep else { return (try? FileManager.default.contentsOfDirectory(atPath: root.path)) ?? [] }
    return FileManager.default.enumerator(atPath: root.path)?.compactMap { $0 as? String } ?? []
  }
}
