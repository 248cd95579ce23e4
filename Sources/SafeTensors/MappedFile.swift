import Glibc

/// A file mapped read-only into memory; unmapped when the last user lets go.
public final class MappedFile: Sendable {
  public let path: String
  public let count: Int
  private nonisolated(unsafe) let base: UnsafeRawPointer

  /// Maps a whole file. An empty one is an error.
  public init(path: String) throws(CheckpointError) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw .unreadable(path: path, reason: String(cString: strerror(errno)))
    }
    defer { close(descriptor) }
    var info = stat()
    guard fstat(descriptor, &info) == 0 else {
      throw .unreadable(path: path, reason: String(cString: strerror(errno)))
    }
    guard info.st_mode & S_IFMT == S_IFREG else {
      throw .unreadable(path: path, reason: "is not a regular file")
    }
    guard info.st_size > 0 else { throw .unreadable(path: path, reason: "is empty") }
    guard
      let pointer = mmap(nil, Int(info.st_size), PROT_READ, MAP_PRIVATE, descriptor, 0),
      pointer != MAP_FAILED
    else { throw .unreadable(path: path, reason: "cannot be mapped into memory") }
    self.path = path
    count = Int(info.st_size)
    base = UnsafeRawPointer(pointer)
  }

  deinit { munmap(UnsafeMutableRawPointer(mutating: base), count) }

  /// All bytes; valid while this object lives.
  public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }
}
