import Checkpoints
import Foundation
import Images

/// Finished pictures on disk.
enum PictureFile {
  /// Whether a file is there and whole.
  static func isWhole(_ url: URL) -> Bool { problem(url) == nil }

  /// Why a file is not whole: it is missing, cut short or damaged.
  static func problem(_ url: URL) -> String? {
    do {
      if url.pathExtension.lowercased() == "safetensors" {
        _ = try TensorFile(url)
      } else {
        _ = try ImageFile.load(url)
      }
      return nil
    } catch {
      return "\(error)"
    }
  }
}
