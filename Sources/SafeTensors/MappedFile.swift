import Glibc

/// A file mapped read-only into memory; unmapped when the last user lets go.
///
/// The mapping is private, pages come in as they are read, and a file replaced by rename stays
/// readable. A file that somebody truncates in place while it is mapped is not: reading past its
/// new end kills the process, which no check here can prevent.
public final class MappedFile: Sendable {
  /// How the bytes will be read, for the kernel's read-ahead.
  public enum Advice: Sendable {
    /// From front to back, once: read far ahead.
    case sequential
    /// Here and there: read nothing ahead.
    case random
    /// Soon: start reading now.
    case willNeed
    /// Not again soon: the pages may be dropped, and are read again when needed.
    case dontNeed
  }

  /// Path it was opened by.
  public let path: String
  /// Size in bytes, at least 1.
  public let count: Int
  // Never written after init, and read-only memory by `mmap`'s protection.
  private nonisolated(unsafe) let base: UnsafeRawPointer

  /// Maps a whole file. Missing, unreadable and empty files and directories are errors.
  public init(path: String) throws(CheckpointError) {
    func failure() -> CheckpointError {
      let reason = errno == ENOENT ? "not found" : String(cString: strerror(errno))
      return .unreadable(path: path, reason: reason)
    }
    // A NUL would cut the path short and open another file.
    guard !path.utf8.contains(0) else {
      throw .unreadable(path: path, reason: "is not a valid path")
    }
    // Without O_NONBLOCK, opening a pipe would wait for its other end.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw failure() }
    defer { close(descriptor) }
    var info = stat()
    guard fstat(descriptor, &info) == 0 else { throw failure() }
    switch info.st_mode & S_IFMT {
    case S_IFREG: break
    case S_IFDIR: throw .unreadable(path: path, reason: "is a directory")
    default: throw .unreadable(path: path, reason: "is not a regular file")
    }
    guard info.st_size > 0 else { throw .unreadable(path: path, reason: "is empty") }
    let size = Int(info.st_size)
    guard let pointer = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0),
      pointer != MAP_FAILED
    else { throw failure() }
    self.path = path
    count = size
    base = UnsafeRawPointer(pointer)
  }

  deinit { munmap(UnsafeMutableRawPointer(mutating: base), count) }

  /// All bytes; valid while this object lives.
  public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

  /// Tells the kernel how a part of the file (all of it by default) will be read. Only speed changes.
  public func advise(_ advice: Advice, _ range: Range<Int>? = nil) {
    let range = range ?? 0..<count
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "range outside the file")
    guard !range.isEmpty else { return }
    let page = max(sysconf(Int32(_SC_PAGESIZE)), 1)
    let start = range.lowerBound / page * page
    let flag =
      switch advice {
      case .sequential: MADV_SEQUENTIAL
      case .random: MADV_RANDOM
      case .willNeed: MADV_WILLNEED
      case .dontNeed: MADV_DONTNEED
      }
    // A hint the kernel does not take costs nothing but time.
    _ = madvise(UnsafeMutableRawPointer(mutating: base + start), range.upperBound - start, flag)
  }
}
