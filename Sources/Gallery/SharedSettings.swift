import Foundation
import Jobs

/// Settings as they may leave the machine: files by their names without folders or endings, as a server's lists have them, and
/// nothing of the files a picture was made from.
package struct SharedSettings: Sendable {
  package private(set) var job: PictureJob

  package init(_ record: PictureJob) {
    job = record
    job.model = record.model.map { Self.name(of: $0) }
    job.vae = record.vae.map { Self.name(of: $0) }
    job.loras = record.loras.map { $0.map { Self.weighted($0) } }
    job.embeddings = record.embeddings.map { $0.map { Self.name(of: $0) } }
    job.guides.classifier = record.guides.classifier.map { Self.name(of: $0) }
    job.guides.contrastive = record.guides.contrastive.map { Self.name(of: $0) }
    (job.tokenizer, job.stylesFile, job.fileName, job.modelHash) = (nil, nil, nil, nil)
    (job.edit.input, job.edit.maskOut) = (nil, nil)
    if job.edit.mask != EditJob.alphaMask { job.edit.mask = nil }
    // One picture of several is made again alone.
    (job.count, job.batchPlace) = (nil, job.stream == .torchBatch ? job.batchPlace : nil)
  }

  /// JSON of the settings; seeds are texts, because JavaScript's numbers end at 2⁵³.
  package func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    var text = String(decoding: try encoder.encode(job), as: UTF8.self)
    for key in ["seed", "to_seed", "variation_seed"] {
      text = text.replacing(try Regex("\"\(key)\":([0-9]+)", as: (Substring, Substring).self)) {
        "\"\(key)\":\"\($0.1)\""
      }
    }
    return text
  }

  /// A file's or folder's name without the ending of weights.
  static func name(of path: String) -> String {
    let last = (path as NSString).lastPathComponent
    let endings = ["safetensors", "ckpt", "pt", "pth", "bin", "gguf"]
    return endings.contains((last as NSString).pathExtension) ? (last as NSString).deletingPathExtension : last
  }

  /// `PATH[:WEIGHT]` as `NAME[:WEIGHT]`.
  private static func weighted(_ lora: String) -> String {
    guard let colon = lora.lastIndex(of: ":"), Double(lora[lora.index(after: colon)...]) != nil else {
      return name(of: lora)
    }
    return name(of: String(lora[..<colon])) + lora[colon...]
  }
}
