import Foundation
import Glibc

/// A file that is read at any place, a piece at a time, so that its size does not matter.
final class RandomAccessFile: Sendable {
  let path: String
  /// Size in bytes when it was opened.
  let count: Int
  private let descriptor: Int32

  /// Opens a regular file.
  init(_ url: URL) throws(DataSetError) {
    path = url.path
    // Without O_NONBLOCK, opening a pipe would wait for its other end.
    descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw .unreadable(path: path, reason: errno == ENOENT ? "no such file" : systemReason)
    }
    var info = stat()
    guard fstat(descriptor, &info) == 0, info.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw .unreadable(path: path, reason: "is not a file")
    }
    count = Int(info.st_size)
  }

  deinit { close(descriptor) }

  /// Reads exactly `count` bytes from `offset` on.
  func read(at offset: Int, count: Int) throws -> [UInt8] {
    guard offset >= 0, count >= 0, offset <= self.count, count <= self.count - offset else {
      throw Fault.damaged("it ends before byte \(offset) + \(count)")
    }
    let bytes = try read(upTo: count, at: offset)
    guard bytes.count == count else { throw Fault.damaged("it became shorter while it was read") }
    return bytes
  }

  /// Reads up to `limit` bytes from `offset` on; fewer only where the file ends.
  func read(upTo limit: Int, at offset: Int) throws(DataSetError) -> [UInt8] {
    var reason: String?
    let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, initialized in
      while initialized < limit {
        let base = buffer.baseAddress.map { $0 + initialized }
        let got = pread(descriptor, base, limit - initialized, off_t(offset + initialized))
        if got < 0 && errno == EINTR { continue }
        if got < 0 { reason = systemReason }
        if got <= 0 { return }
        initialized += got
      }
    }
    if let reason { throw .unreadable(path: path, reason: reason) }
    return bytes
  }
}
