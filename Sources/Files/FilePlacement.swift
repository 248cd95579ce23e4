import Foundation

/// Gives finished files their names.
public enum FilePlacement {
  /// Another file has the name.
  public struct Taken: Error, Equatable, CustomStringConvertible {
    public let path: String

    public init(path: String) { self.path = path }

    public var description: String { "\(path): there is a file of that name" }
  }

  /// Lets a file be written under a name of its own, with the same ending, and gives it its name once it is whole.
  /// - Parameters:
  ///   - replacing: whether another file may lose the name.
  ///   - write: writes to the place it is given.
  /// - Throws: what `write` throws, `Taken`, or `PartialError`; nothing is left then.
  public static func place(at path: String, replacing: Bool, _ write: (String) throws -> Void) throws {
    let ending = URL(fileURLWithPath: path).pathExtension
    let partial = Partials.claim(in: PartialFile.folder(of: path), ending: ending)
    do { try write(partial) } catch {
      Partials.settle(partial) {
        unlink(partial)
        return true
      }
      throw error
    }
    var code: Int32?
    Partials.settle(partial) {
      code = move(partial, to: path, replacing: replacing)
      if code != nil { unlink(partial) }
      return true
    }
    if code == EEXIST, !replacing { throw Taken(path: path) }
    if let code { throw PartialError(code) }
  }

  /// Gives a file its final name.
  /// - Parameters:
  ///   - partial: in the same folder; stays as it is if this fails.
  ///   - replacing: whether another file may lose the name. If not, the name is taken in one step that only one of several
  ///     processes can win.
  /// - Returns: nil, or the system's error: `EEXIST` if the name is taken.
  package static func move(_ partial: String, to path: String, replacing: Bool) -> Int32? {
    if replacing { return rename(partial, path) == 0 ? nil : errno }
    if link(partial, path) == 0 {
      unlink(partial)
      return nil
    }
    guard [EPERM, ENOTSUP, EMLINK, ENOSYS].contains(errno) else { return errno }
    // File systems without links: an empty file of our own holds the name until the whole one has it.
    let claim = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard claim >= 0 else { return errno }
    close(claim)
    guard rename(partial, path) == 0 else {
      let code = errno
      unlink(path)
      return code
    }
    return nil
  }
}
