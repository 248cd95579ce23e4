import Files
import Foundation

/// Writes a safetensors file tensor by tensor.
///
/// The bytes go to a file under another name, which `finish` flushes to disk and renames: readers see the old file or
/// the whole new one. A writer that fails or is dropped before `finish` leaves nothing behind. Files are the same byte
/// for byte whenever the calls are.
public final class SafeTensorsWriter {
  /// A tensor to be written.
  public typealias Declaration = (name: String, type: ElementType, shape: [Int])

  private let path: String
  private let declared: [(name: String, bytes: Int)]
  private var written = 0
  /// nil once it is finished or has failed.
  private var file: PartialFile?

  /// Creates the file and writes the header.
  /// - Parameters:
  ///   - entries: every tensor in the order its bytes will come.
  ///   - metadata: the file's free text.
  /// - Throws: `unwritable`, or `badTensor` for a name used twice or an impossible shape.
  public init(
    url: URL, entries: [Declaration], metadata: [String: String] = [:]
  ) throws(CheckpointError) {
    path = url.path
    declared = try Self.checked(entries, path: path)
    let header = HeaderWriter.header(
      entries, byteCounts: declared.map(\.bytes), metadata: metadata)
    do { file = try PartialFile(path) } catch { throw unwritable(error) }
    let length = UInt64(header.count)
    let prefix = (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) }
    try (prefix + header).withUnsafeBufferPointer { (bytes) throws(CheckpointError) in
      try write(UnsafeRawBufferPointer(bytes))
    }
  }

  /// Appends the bytes of the next tensor, which must be as many as its declaration says.
  public func append(_ bytes: UnsafeRawBufferPointer) throws(CheckpointError) {
    precondition(written < declared.count, "append: all \(declared.count) tensors are written")
    let next = declared[written]
    precondition(
      bytes.count == next.bytes,
      "append: \(bytes.count) bytes for tensor \(next.name), which takes \(next.bytes)")
    try write(bytes)
    written += 1
  }

  /// Flushes the file to disk and gives it its name; the last call on a writer.
  public func finish() throws(CheckpointError) {
    precondition(
      written == declared.count, "finish: \(declared.count - written) tensors are not written")
    guard let file else { preconditionFailure("finish: the writer has failed or is finished") }
    self.file = nil
    do { try file.finish(flushing: true) } catch { throw unwritable(error) }
  }

  /// Sizes of all tensors, after checking that a reader would accept them.
  private static func checked(
    _ entries: [Declaration], path: String
  ) throws(CheckpointError) -> [(name: String, bytes: Int)] {
    var names: Set<String> = [HeaderParser.metadataKey]
    var sizes: [(name: String, bytes: Int)] = []
    for entry in entries {
      guard names.insert(entry.name).inserted else {
        let reason =
          entry.name == HeaderParser.metadataKey ? "the name is reserved" : "declared twice"
        throw .badTensor(path: path, name: entry.name, reason: reason)
      }
      guard let bytes = entry.type.byteCount(shape: entry.shape) else {
        throw .badTensor(path: path, name: entry.name, reason: "impossible shape \(entry.shape)")
      }
      sizes.append((entry.name, bytes))
    }
    return sizes
  }

  private func write(_ bytes: UnsafeRawBufferPointer) throws(CheckpointError) {
    guard let file else { preconditionFailure("append: the writer has failed or is finished") }
    do {
      try file.append(bytes)
    } catch {
      self.file = nil
      throw unwritable(error)
    }
  }

  private func unwritable(_ error: PartialError) -> CheckpointError {
    .unwritable(path: path, reason: error.description)
  }
}
