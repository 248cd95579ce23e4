import Foundation

/// The index of a sharded checkpoint: which file of its folder has which tensor.
///
/// JSON as Hugging Face tools write it: `{"metadata": {…}, "weight_map": {"key": "file", …}}`.
public struct SafeTensorsIndex: Sendable {
  /// The index file.
  public let url: URL
  /// File name of the shard for each tensor.
  public let weightMap: [String: String]

  private struct Contents: Decodable {
    var weightMap: [String: String]

    enum CodingKeys: String, CodingKey { case weightMap = "weight_map" }
  }

  /// Reads an index; its shards are not opened.
  public init(url: URL) throws(CheckpointError) {
    let file = try MappedFile(path: url.path)
    let contents: Contents
    do {
      contents = try JSONDecoder().decode(Contents.self, from: Data(file.bytes))
    } catch {
      throw .badIndex(
        path: file.path, reason: "is not an index: no JSON object with a weight_map of strings")
    }
    guard !contents.weightMap.isEmpty else {
      throw .badIndex(path: file.path, reason: "its weight_map is empty")
    }
    for (key, name) in contents.weightMap.sorted(by: { $0.key < $1.key })
    where name.isEmpty || name == "." || name == ".." || name.contains("/") || name.contains("\0") {
      throw .badIndex(
        path: file.path, reason: "tensor \(key) is outside the folder, in \"\(name)\"")
    }
    self.url = url
    weightMap = contents.weightMap
  }

  /// File names of all shards, sorted.
  public var shardNames: [String] { Set(weightMap.values).sorted() }

  /// Opens all shards, in the order of `shardNames`, and checks that they hold what the index says.
  /// - Parameter open: gives a shard and the names of its tensors.
  package func openShards<Shard>(
    _ open: (URL) throws(CheckpointError) -> (shard: Shard, names: [String])
  ) throws(CheckpointError) -> [Shard] {
    let folder = url.deletingLastPathComponent()
    var shards: [Shard] = []
    var found: [String: String] = [:]
    for name in shardNames {
      let shardURL = folder.appendingPathComponent(name)
      guard FileManager.default.fileExists(atPath: shardURL.path) else {
        throw .badIndex(path: url.path, reason: "its shard \(name) is missing from the folder")
      }
      let (shard, names) = try open(shardURL)
      for key in names {
        if let other = found.updateValue(name, forKey: key) {
          throw .badIndex(path: url.path, reason: "tensor \(key) is in both \(other) and \(name)")
        }
      }
      shards.append(shard)
    }
    for (key, name) in weightMap.sorted(by: { $0.key < $1.key }) {
      switch found.removeValue(forKey: key) {
      case name?: continue
      case let other?:
        throw .badIndex(path: url.path, reason: "tensor \(key) is in \(other), not in \(name)")
      case nil: throw .badIndex(path: url.path, reason: "tensor \(key) is not in \(name)")
      }
    }
    if let (key, name) = found.min(by: { $0.key < $1.key }) {
      throw .badIndex(path: url.path, reason: "does not list tensor \(key) of \(name)")
    }
    return shards
  }
}
