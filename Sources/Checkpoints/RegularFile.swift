import Foundation
import SafeTensors

/// Small files that describe a model: read whole, and only if they are files.
///
/// A pipe or a device under such a name would be waited for without end; a file of gigabytes would fill the memory.
public enum RegularFile {
  /// The longest description accepted, in bytes; a tokenizer's has some megabytes.
  private static let sizeLimit = 64 << 20

  /// All bytes.
  /// - Throws: `CheckpointError` for what cannot be read, is no regular file, is empty or too long.
  public static func data(_ url: URL) throws(CheckpointError) -> Data {
    let file = try MappedFile(path: url.path)
    guard file.count <= sizeLimit else {
      throw .unreadable(path: file.path, reason: "has \(file.count) bytes, more than any file of its kind")
    }
    return Data(file.bytes)
  }

  /// All bytes as text.
  /// - Throws: `CheckpointError`, also if they are not UTF-8.
  public static func text(_ url: URL) throws(CheckpointError) -> String {
    let data = try data(url)
    guard let text = String(validating: data, as: UTF8.self) else {
      throw .unreadable(path: url.path, reason: "is not UTF-8 text")
    }
    return text
  }

  /// Whether something is there that is neither a file nor a folder: a pipe, a device, a socket.
  public static func isSpecial(_ url: URL) -> Bool {
    let type = try? FileManager.default.attributesOfItem(atPath: url.resolvingSymlinksInPath().path)[.type]
    guard let type = type as? FileAttributeType else { return false }
    return type != .typeRegular && type != .typeDirectory
  }
}
