import Adapters
import Conditioning
import Foundation
import Generation
import Images

extension PictureJob {
  /// What decides the picture besides the request, for the metadata: how the model's files were read, the rule of
  /// emphasis.
  public var furtherFields: [GenerationParameters.Field] {
    var fields: [GenerationParameters.Field] = []
    func add(_ key: String, _ value: String?) {
      if let value { fields.append((key, value)) }
    }
    add("Emphasis", emphasis.flatMap { $0 == .original ? nil : $0.displayName })
    add("Prediction type", predictionType?.rawValue)
    add("EMA weights", usesAverage == true ? "True" : nil)
    add(FileField.tokenizer, tokenizer.map { NamedFiles.name(of: $0) })
    add(FileField.tokenizerHash, tokenizer.flatMap { ModelHash.tokenizer(URL(fileURLWithPath: $0)) })
    add("Variant", variant)
    add("Adapters factored", isFactored == true ? "True" : nil)
    return fields
  }

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

/// Names of the metadata about files besides the model's.
enum FileField {
  static let adapters = "Adapters"
  static let adapterHashes = "Adapter hashes"
  static let embeddings = "Embeddings"
  static let embeddingHashes = "Embedding hashes"
  static let vae = "VAE"
  static let vaeHash = "VAE hash"
  static let tokenizer = "Tokenizer"
  static let tokenizerHash = "Tokenizer hash"
}
