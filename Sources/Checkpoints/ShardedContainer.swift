import Foundation
import SafeTensors

/// Shards of one model in files of any format, which an index names, as one container.
struct ShardedContainer: TensorContainer {
  let path: String
  let names: [String]
  let metadata: [String: String]
  /// That of the first shard.
  let format: FileFormat
  private let shards: [any TensorContainer]
  private let shardByName: [String: Int]

  /// Opens all shards of an index and checks that they hold what it says.
  init(index url: URL) throws(CheckpointError) {
    let index = try SafeTensorsIndex(url: url)
    var formats: [FileFormat] = []
    shards = try index.openShards { (url) throws(CheckpointError) in
      let format = try FileFormat.detect(url)
      formats.append(format)
      let shard = try format.open(url)
      return (shard, shard.names)
    }
    path = url.path
    format = formats.first ?? .safetensors
    names = shards.flatMap(\.names)
    metadata = shards.reduce(into: [:]) { $0.merge($1.metadata) { first, _ in first } }
    shardByName = Dictionary(
      shards.enumerated().flatMap { index, shard in shard.names.map { ($0, index) } }
    ) { first, _ in first }
  }

  func entry(_ name: String) -> TensorEntry? { shardByName[name].flatMap { shards[$0].entry(name) } }
  func raw(_ name: String) -> RawTensor? { shardByName[name].flatMap { shards[$0].raw(name) } }
}
