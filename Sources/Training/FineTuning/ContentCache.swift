import Checkpoints
import Foundation
import Jobs
import TensorCore

/// The hash that says whether content is the same.
package enum ContentHash {
  /// Of several pieces one after the other, their lengths counted.
  package static func hex(_ pieces: [Data]) -> String {
    var hash = SHA256()
    for piece in pieces {
      withUnsafeBytes(of: UInt64(piece.count).littleEndian) { hash.update($0) }
      piece.withUnsafeBytes { hash.update($0) }
    }
    return hash.finish()
  }

  static func hex(_ texts: [String]) -> String { hex(texts.map { Data($0.utf8) }) }
}

/// Tensors on disk by what they were made from: a changed picture, caption, crop or network has another key.
struct ContentCache {
  let folder: URL

  init(_ folder: URL) throws {
    self.folder = folder
    try RunFiles.makeFolder(folder)
  }

  /// The tensors of a key, made the first time. A damaged file is made again.
  /// - Parameter parts: all that decides them.
  func tensors(_ parts: [String], make: () throws -> [(String, Tensor)]) throws -> [String: Tensor] {
    let url = folder.appendingPathComponent("\(ContentHash.hex(parts).prefix(40)).safetensors")
    if FileManager.default.fileExists(atPath: url.path), let file = try? TensorFile(url),
      let found = try? file.keys.map({ ($0, try file.tensor($0).ownedFloat32()) })
    {
      return Dictionary(uniqueKeysWithValues: found)
    }
    let made = try make().map { ($0.0, $0.1.cast(to: .f32)) }
    try TensorFile.write(made, to: url)
    return Dictionary(uniqueKeysWithValues: made)
  }
}
