import Checkpoints
import Foundation
import TensorCore

/// Vectors that stand for a word in a prompt (Gal et al. 2023, "textual inversion").
public struct TextualInversion: Sendable {
  /// The word: the file's name without ending, as AUTOMATIC1111 has it.
  public let name: String
  /// `[n, D]` float32, one for each text encoder it was made for (SDXL has two).
  public let vectors: [Tensor]

  public var vectorCount: Int { vectors[0].shape[0] }

  public init(name: String, vectors: [Tensor]) {
    self.name = name
    self.vectors = vectors
  }

  /// Reads a file in one of the usual forms: `string_to_param` (AUTOMATIC1111), a token and its vector (diffusers),
  /// `emb_params`, `clip_l` and `clip_g` (SDXL).
  /// - Parameter widths: of the model's text encoders; a file for another model is refused.
  public init(_ url: URL, widths: [Int]) throws {
    let file = try TensorFile(url)
    let name = url.deletingPathExtension().lastPathComponent
    func vectors(_ key: String) throws -> Tensor {
      let tensor = try file.tensor(key).cast(to: .f32)
      return tensor.rank == 1 ? tensor.reshaped([1, tensor.count]) : tensor
    }
    let found: [Tensor]
    if file.keys.contains("clip_l"), file.keys.contains("clip_g") {
      found = [try vectors("clip_l"), try vectors("clip_g")]
    } else {
      guard
        let key = ["emb_params", "string_to_param.*", "*"].first(where: file.keys.contains)
          ?? (file.keys.count == 1 ? file.keys.first : nil)
      else {
        throw GenerationError.noModel(
          path: url.path, reason: "is not a textual inversion: it holds \(file.keys.count) tensors of other names")
      }
      found = [try vectors(key)]
    }
    let shapes = found.map(\.shape)
    guard shapes.allSatisfy({ $0.count == 2 && $0[0] > 0 && $0[0] == shapes[0][0] && $0[0] <= 75 }) else {
      throw GenerationError.noModel(path: url.path, reason: "its vectors have the shapes \(shapes)")
    }
    guard shapes.map({ $0[1] }) == widths else {
      throw GenerationError.noModel(
        path: url.path,
        reason:
          "was made for text encoders of width \(shapes.map { $0[1] }), this model's have \(widths): use another model")
    }
    self.init(name: name, vectors: found)
  }

  /// Every embedding of a folder that fits the model; the others are left out.
  public static func folder(_ url: URL, widths: [Int]) -> [TextualInversion] {
    let files = (try? FileManager.default.contentsOfDirectory(at: url, includingPropertiesForKeys: nil)) ?? []
    return files.filter { ["safetensors", "pt", "bin"].contains($0.pathExtension) }
      .sorted { $0.path < $1.path }.compactMap { try? TextualInversion($0, widths: widths) }
  }
}
