import CFiles
import Foundation
import Glibc

/// Which pieces of some work other processes are at, so that any number of them can share it, each piece once.
///
/// A claim is a lock on one byte far beyond the end of a file. The system takes it back when a process ends, however it ends,
/// so what a killed one had begun is done by another. Works between machines where their file system has such locks
/// (NFS 4 has).
public final class FileClaims {
  private let file: Int32
  /// Claims lie where no file's content reaches.
  private static let base: Int64 = 1 << 60

  /// - Parameter url: the file; it and its folder are made if they are not there.
  /// - Returns: nil where files cannot be locked: then every process does all that it finds undone.
  public init?(_ url: URL) {
    try? FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    let file = open(url.path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard file >= 0 else { return nil }
    let probe = cf_hold_byte(file, Self.base - 1)
    guard probe == 0 || probe == EAGAIN || probe == EACCES else {
      close(file)
      return nil
    }
    cf_let_go_byte(file, Self.base - 1)
    // Last, as in `HeldFile`.
    self.file = file
  }

  deinit { close(file) }

  /// Claims a piece for this process.
  /// - Returns: whether it is this process's.
  public func take(_ number: Int) -> Bool { cf_hold_byte(file, Self.base + Int64(number)) == 0 }

  /// Gives a piece back, done or not.
  public func release(_ number: Int) { cf_let_go_byte(file, Self.base + Int64(number)) }

  /// Works on pieces, on those first that no other process is at. One that is taken is looked at again once the others are done:
  /// it may have been left undone, so the work begins by finding out.
  /// - Parameters:
  ///   - number: a piece's, the same in all processes.
  ///   - waiting: called again and again while all that is left is others'.
  public func forEach<Piece>(
    _ pieces: [Piece], number: (Piece) -> Int, waiting: () throws -> Void = {}, _ work: (Piece) throws -> Void
  ) rethrows {
    var rest = pieces
    while !rest.isEmpty {
      var taken: [Piece] = []
      for piece in rest {
        guard take(number(piece)) else {
          taken.append(piece)
          continue
        }
        defer { release(number(piece)) }
        try work(piece)
      }
      if taken.count == rest.count {
        try waiting()
        Thread.sleep(forTimeInterval: 0.1)
      }
      rest = taken
    }
  }
}
