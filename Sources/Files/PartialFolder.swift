import CFiles
import Foundation
import Glibc

/// A folder that is filled under a name of its own and renamed once it is whole.
///
/// One that is dropped before `finish` leaves nothing behind.
public final class PartialFolder {
  /// Where its files go until it is finished.
  public let url: URL
  private let target: String
  private var descriptor: Int32 = -1

  /// Creates the folder under its own name.
  /// - Parameter target: the name it will have; the folder around it is made if it is missing.
  public init(_ target: String) throws(PartialError) {
    self.target = target
    let around = PartialFile.folder(of: target)
    let path = Partials.claim(in: around)
    url = URL(fileURLWithPath: path, isDirectory: true)
    do throws(PartialError) {
      try Partials.make(folder: around)
      guard mkdir(path, 0o777) == 0 else { throw PartialError(errno) }
    } catch {
      Partials.release(path)
      Partials.dropEmptyFolders()
      throw error
    }
    descriptor = open(url.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    // As in `PartialFile`.
    _ = flock(descriptor, LOCK_EX | LOCK_NB)
  }

  deinit { discard() }

  /// Gives the folder its name.
  /// - Parameter replacing: whether what has that name is removed; without it a name in use is an error.
  public func finish(replacing: Bool = false) throws(PartialError) {
    var code: Int32 = 0
    // Until the end the path on the list is that of something to be removed: the new folder or, changed with it, the old.
    Partials.settle(url.path, at: target) {
      if access(target, F_OK) != 0 && rename(url.path, target) == 0 { return true }
      code = replacing ? exchange() : EEXIST
      return false
    }
    discard()
    guard code == 0 else { throw PartialError(code) }
    PartialFile.flush(folder: PartialFile.folder(of: target))
  }

  /// Lets the finished folder and the old one change places.
  private func exchange() -> Int32 {
    let code = cf_exchange(url.path, target)
    guard code == EINVAL || code == ENOSYS else { return code }
    // A file system that cannot do it at once. The old folder keeps a name nobody takes for something unfinished.
    let old = target + ".replaced-\(getpid())"
    guard rename(target, old) == 0 else { return errno }
    guard rename(url.path, target) == 0 else {
      let code = errno
      rename(old, target)
      return code
    }
    return rename(old, url.path) == 0 ? 0 : errno
  }

  private func discard() {
    if descriptor >= 0 { close(descriptor) }
    descriptor = -1
    Partials.remove(url.path)
    Partials.release(url.path)
    Partials.dropEmptyFolders()
  }
}
