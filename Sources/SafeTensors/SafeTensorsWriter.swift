import Foundation
import Glibc
import Synchronization

/// Writes a safetensors file tensor by tensor.
///
/// The bytes go to a temporary file beside the target, which `finish` flushes to disk and renames:
/// readers see the old file or the whole new one. A writer that fails or is dropped before
/// `finish` leaves nothing behind. Files are the same byte for byte whenever the calls are.
public final class SafeTensorsWriter {
  /// A tensor to be written.
  public typealias Declaration = (name: String, type: ElementType, shape: [Int])

  private let path: String
  private let temporary: String
  private let declared: [(name: String, bytes: Int)]
  private var written = 0
  /// -1 once the temporary file is gone or renamed.
  private var descriptor: Int32 = -1

  /// Distinguishes the temporary files of writers in one process.
  private static let serial = Atomic<Int>(0)

  /// Creates the temporary file and writes the header.
  /// - Parameters:
  ///   - entries: every tensor in the order its bytes will come.
  ///   - metadata: the file's free text.
  /// - Throws: `unwritable`, or `badTensor` for a name used twice or an impossible shape.
  public init(
    url: URL, entries: [Declaration], metadata: [String: String] = [:]
  ) throws(CheckpointError) {
    path = url.path
    let number = Self.serial.add(1, ordering: .relaxed).newValue
    temporary = "\(path).partial-\(getpid())-\(number)"
    declared = try Self.checked(entries, path: path)
    let header = HeaderWriter.header(
      entries, byteCounts: declared.map(\.bytes), metadata: metadata)
    descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw failure(errno) }
    let length = UInt64(header.count)
    let prefix = (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) }
    try (prefix + header).withUnsafeBufferPointer { (bytes) throws(CheckpointError) in
      try write(UnsafeRawBufferPointer(bytes))
    }
  }

  deinit { discard() }

  /// Appends the bytes of the next tensor, which must be as many as its declaration says.
  public func append(_ bytes: UnsafeRawBufferPointer) throws(CheckpointError) {
    precondition(written < declared.count, "append: all \(declared.count) tensors are written")
    let next = declared[written]
    precondition(
      bytes.count == next.bytes,
      "append: \(bytes.count) bytes for tensor \(next.name), which takes \(next.bytes)")
    precondition(descriptor >= 0, "append: the writer has failed")
    try write(bytes)
    written += 1
  }

  /// Flushes the file to disk and gives it its name; the last call on a writer.
  public func finish() throws(CheckpointError) {
    precondition(
      written == declared.count, "finish: \(declared.count - written) tensors are not written")
    precondition(descriptor >= 0, "finish: the writer has failed or is finished")
    guard fsync(descriptor) == 0 else { throw failure(errno) }
    let isClosed = close(descriptor) == 0
    let code = errno
    descriptor = -1
    guard isClosed, rename(temporary, path) == 0 else {
      let error = failure(isClosed ? errno : code)
      unlink(temporary)
      throw error
    }
    Self.flushFolder(of: path)
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
    var rest = bytes[...]
    while !rest.isEmpty {
      let chunk = UnsafeRawBufferPointer(rebasing: rest)
      let count = Glibc.write(descriptor, chunk.baseAddress, chunk.count)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw failure(errno) }
      rest = rest.dropFirst(count)
    }
  }

  /// The error for a failed system call; removes the temporary file.
  private func failure(_ code: Int32) -> CheckpointError {
    discard()
    return .unwritable(path: path, reason: String(cString: strerror(code)))
  }

  private func discard() {
    guard descriptor >= 0 else { return }
    close(descriptor)
    unlink(temporary)
    descriptor = -1
  }

  /// Makes the rename survive a power failure, where the file system can; not an error if not.
  private static func flushFolder(of path: String) {
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    _ = fsync(descriptor)
    close(descriptor)
  }
}
