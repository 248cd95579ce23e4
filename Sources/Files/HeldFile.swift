import Glibc

/// An empty file that one process at a time holds, as long as the object lives; the system lets go when a process ends,
/// however it does.
public final class HeldFile: Sendable {
  /// Why a file is not held.
  public enum Failure: Error, Equatable {
    /// Another one holds it.
    case busy
    /// It cannot be made or locked; the system's error.
    case system(Int32)
  }

  private let descriptor: Int32

  /// Makes the file if it is not there, and holds it.
  public init(_ path: String) throws(Failure) {
    let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard file >= 0 else { throw .system(errno) }
    guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
      let code = errno
      close(file)
      throw code == EWOULDBLOCK ? .busy : .system(code)
    }
    // Last: an initializer that throws once all properties are set runs `deinit` too, and a number that is closed twice may
    // by then be another thread's file.
    descriptor = file
  }

  deinit { close(descriptor) }

  /// Lets another one have it.
  public func release() { flock(descriptor, LOCK_UN) }
}
