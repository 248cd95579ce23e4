import Foundation

/// The tensors of one model: a single safetensors file, or shards named by an index.
public struct ShardedCheckpoint: Sendable {
  private let files: [SafeTensorsFile]
  private let location: [String: Int]
  /// Path to name in messages.
  public let description: String

  /// Opens one file.
  public init(file url: URL) throws(CheckpointError) {
    try self.init([SafeTensorsFile(url: url)], description: url.path)
  }

  /// Opens a component's folder: `name.safetensors`, `name.safetensors.index.json` or `name.fp16.safetensors`.
  public init(directory: URL, baseNames: [String]) throws(CheckpointError) {
    let files = FileManager.default
    for name in baseNames {
      for ending in ["safetensors", "fp16.safetensors"] {
        let url = directory.appendingPathComponent("\(name).\(ending)")
        if files.fileExists(atPath: url.path) {
          try self.init(file: url)
          return
        }
      }
      for ending in ["safetensors.index.json", "safetensors.index.fp16.json"] {
        let url = directory.appendingPathComponent("\(name).\(ending)")
        if files.fileExists(atPath: url.path) {
          try self.init(index: url)
          return
        }
      }
    }
    let tried = baseNames.map { "\($0).safetensors" }.joined(separator: " or ")
    throw .unreadable(path: directory.path, reason: "has no \(tried)")
  }

  private init(index url: URL) throws(CheckpointError) {
    guard let data = try? Data(contentsOf: url),
      let object = try? JSONSerialization.jsonObject(with: data) as? [String: Any],
      let map = object["weight_map"] as? [String: String]
    else { throw .badIndex(path: url.path, reason: "is not an index with a weight_map") }
    let folder = url.deletingLastPathComponent()
    var shards: [SafeTensorsFile] = []
    for name in Set(map.values).sorted() {
      guard !name.contains("/") else {
        throw .badIndex(path: url.path, reason: "names a shard outside its folder: \(name)")
      }
      let shard = try SafeTensorsFile(url: folder.appendingPathComponent(name))
      for key in shard.names where map[key] != name {
        throw .badIndex(path: url.path, reason: "tensor \(key) is in \(name) but not in the index")
      }
      for (key, file) in map where file == name && shard.entry(key) == nil {
        throw .badIndex(path: url.path, reason: "tensor \(key) is not in \(name)")
      }
      shards.append(shard)
    }
    try self.init(shards, description: url.path)
  }

  private init(_ files: [SafeTensorsFile], description: String) throws(CheckpointError) {
    var location: [String: Int] = [:]
    for (i, file) in files.enumerated() {
      for name in file.names {
        guard location.updateValue(i, forKey: name) == nil else {
          throw .badIndex(path: description, reason: "tensor \(name) is in two shards")
        }
      }
    }
    self.files = files
    self.location = location
    self.description = description
  }

  public var names: [String] { files.flatMap(\.names) }

  /// Metadata of all shards together.
  public var metadata: [String: String] {
    files.reduce(into: [:]) { $0.merge($1.metadata) { first, _ in first } }
  }

  /// The tensor of that name, or nil.
  public func entry(_ name: String) -> SafeTensorsFile.Entry? {
    location[name].flatMap { files[$0].entry(name) }
  }

  /// Bytes of a tensor and the file that keeps them alive, or nil if there is none of that name.
  public func bytes(of name: String) -> (bytes: UnsafeRawBufferPointer, owner: MappedFile)? {
    guard let index = location[name], let entry = files[index].entry(name) else { return nil }
    return (files[index].bytes(of: entry), files[index].file)
  }
}
