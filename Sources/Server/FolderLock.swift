import Foundation

/// Holds a folder against other servers as long as it lives; the system lets go when a process ends, however it does.
final class FolderLock: Sendable {
  private let descriptor: Int32

  /// - Throws: `APIError` if another server holds it.
  init(_ folder: URL) throws(APIError) {
    let path = folder.appendingPathComponent("server.lock").path
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw APIError(.insufficientStorage, "\(path): \(String(cString: strerror(errno)))")
    }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      close(descriptor)
      throw APIError(.conflict, "\(folder.path): another server uses this folder: name another one with `data`")
    }
  }

  /// Lets another server have the folder.
  func release() { flock(descriptor, LOCK_UN) }

  deinit { close(descriptor) }
}
