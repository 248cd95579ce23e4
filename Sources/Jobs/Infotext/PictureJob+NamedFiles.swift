import Adapters
import Foundation
import Generation

extension PictureJob {
  /// Adapters for the metadata.
  var namedAdapters: NamedFiles {
    let requests = (loras ?? []).map { (argument: $0, path: (try? AdapterRequest(argument: $0))?.path ?? $0) }
    return NamedFiles(
      names: requests.map { NamedFiles.name(of: $0.path) + $0.argument.dropFirst($0.path.count) },
      hashes: requests.map { ModelHash.short(URL(fileURLWithPath: $0.path)) ?? "" })
  }

  /// Textual inversions for the metadata.
  var namedEmbeddings: NamedFiles {
    let paths = embeddings ?? []
    return NamedFiles(
      names: paths.map { NamedFiles.name(of: $0) },
      hashes: paths.map { ModelHash.short(URL(fileURLWithPath: $0)) ?? "" })
  }
}
