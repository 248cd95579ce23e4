import CFiles
import Files
import Foundation
import Glibc

/// Which jobs of a file other processes are at, so that any number of them can work through it in one folder, each job once.
///
/// A claim is a lock on one byte far beyond the end of the folder's manifest. The system takes it back when a process ends,
/// however it ends, so what a killed one had begun is done by another. Works between machines where their file system has
/// such locks (NFS 4 has).
package final class JobClaims {
  private let file: Int32
  /// Claims lie where no manifest reaches.
  private static let base: Int64 = 1 << 60

  /// - Returns: nil where files cannot be locked: then every process does all jobs that it finds undone.
  package init?(folder: URL) {
    let path = folder.appendingPathComponent(Manifest.name).path
    try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard file >= 0 else { return nil }
    let probe = cf_hold_byte(file, Self.base - 1)
    guard probe == 0 || probe == EAGAIN || probe == EACCES else {
      close(file)
      return nil
    }
    cf_let_go_byte(file, Self.base - 1)
  }

  deinit { close(file) }

  /// Claims a job for this process.
  /// - Parameter number: of the job among those of the file.
  /// - Returns: whether it is this process's.
  package func take(_ number: Int) -> Bool { cf_hold_byte(file, Self.base + Int64(number)) == 0 }

  /// Gives a job back, done or not.
  package func release(_ number: Int) { cf_let_go_byte(file, Self.base + Int64(number)) }
}
