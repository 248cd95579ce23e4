import Conditioning
import Foundation

/// The embeddings of a folder, each a file named by its word.
public struct TextualInversionFolder: Sendable {
  /// Those that fit the model, by name.
  public let embeddings: [TextualInversion]
  /// A line for each file that was left out: made for another model, or no embedding.
  public let leftOut: [String]

  /// Reads every `.safetensors`, `.pt`, `.bin` and `.ckpt` file directly in a folder.
  /// - Parameter widths: of the model's text encoders.
  /// - Throws: if the folder cannot be read.
  public init(_ folder: URL, widths: [Int]) throws {
    let endings = ["safetensors", "pt", "bin", "ckpt"]
    let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
      .filter { endings.contains($0.pathExtension.lowercased()) }
      .sorted { $0.lastPathComponent < $1.lastPathComponent }
    var (embeddings, leftOut): ([TextualInversion], [String]) = ([], [])
    for file in files {
      do { embeddings.append(try TextualInversion(file, widths: widths)) } catch { leftOut.append("\(error)") }
    }
    (self.embeddings, self.leftOut) = (embeddings, leftOut)
  }
}
