import Foundation
import Glibc

/// A file that is written under a name of its own and renamed once it is whole: its place never holds half of it.
///
/// One that is dropped before `finish`, for whatever reason, leaves nothing behind.
public final class PartialFile {
  private let target: String
  private let path: String
  /// -1 once the file is closed.
  private var descriptor: Int32

  /// Creates the file under its own name.
  /// - Parameter target: the name it will have; its folder must exist.
  public init(_ target: String) throws(PartialError) {
    self.target = target
    path = Partials.claim(in: Self.folder(of: target))
    descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else {
      let code = errno
      Partials.release(path)
      throw PartialError(code)
    }
    // Held as long as the file is open; where the file system has no locks, the process's number has to do.
    _ = flock(descriptor, LOCK_EX | LOCK_NB)
  }

  deinit { discard() }

  /// Writes a whole file at once.
  public static func write(_ data: Data, to target: String) throws(PartialError) {
    let file = try PartialFile(target)
    let written: Result<Void, PartialError> = data.withUnsafeBytes { bytes in
      do throws(PartialError) { return .success(try file.append(bytes)) } catch { return .failure(error) }
    }
    try written.get()
    try file.finish()
  }

  /// Appends bytes. After an error the file is gone.
  public func append(_ bytes: UnsafeRawBufferPointer) throws(PartialError) {
    precondition(descriptor >= 0, "append: the file is finished or has failed")
    var rest = bytes[...]
    while !rest.isEmpty {
      let chunk = UnsafeRawBufferPointer(rebasing: rest)
      let count = Glibc.write(descriptor, chunk.baseAddress, chunk.count)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw failure(count == 0 ? EIO : errno) }
      rest = rest.dropFirst(count)
    }
  }

  /// Gives the file its name.
  /// - Parameter flushing: whether it must survive a power failure from here on.
  public func finish(flushing: Bool = false) throws(PartialError) {
    precondition(descriptor >= 0, "finish: the file is finished or has failed")
    if flushing, fsync(descriptor) != 0 { throw failure(errno) }
    let isClosed = close(descriptor) == 0
    descriptor = -1
    // A full disk may show only now.
    guard isClosed else { throw failure(errno) }
    var code: Int32 = 0
    Partials.settle(path) {
      code = rename(path, target) == 0 ? 0 : errno
      return code == 0
    }
    guard code == 0 else { throw failure(code) }
    if flushing { Self.flush(folder: Self.folder(of: target)) }
  }

  private func failure(_ code: Int32) -> PartialError {
    discard()
    return PartialError(code)
  }

  /// Removes what was written, unless it has its name.
  private func discard() {
    if descriptor >= 0 { close(descriptor) }
    descriptor = -1
    Partials.settle(path) {
      unlink(path)
      return true
    }
    Partials.dropEmptyFolders()
  }

  static func folder(of path: String) -> String { URL(fileURLWithPath: path).deletingLastPathComponent().path }

  /// Makes a rename survive a power failure, where the file system can; not an error if not.
  static func flush(folder: String) {
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    _ = fsync(descriptor)
    close(descriptor)
  }
}
