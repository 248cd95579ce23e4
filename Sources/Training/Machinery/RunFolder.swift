import Foundation
import Glibc

/// The folder of a run: its state, its log, its samples. Only one process may train in it.
public final class RunFolder {
  public let url: URL
  private let descriptor: Int32

  /// Makes the folder if it is not there, and holds it until the object goes.
  /// - Throws: `busyFolder` if another process trains in it.
  public init(_ url: URL) throws {
    self.url = url
    try RunFiles.makeFolder(url)
    let path = url.appendingPathComponent(".lock").path
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw TrainingError.badFolder(path: url.path, reason: String(cString: strerror(errno)))
    }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      close(descriptor)
      throw TrainingError.badFolder(
        path: url.path, reason: "another process is training there; wait for it, or name another folder")
    }
  }

  deinit { close(descriptor) }

  /// The file a run resumes from.
  public var state: URL { Self.state(of: url) }

  /// That file of a run's folder.
  static func state(of folder: URL) -> URL { folder.appendingPathComponent("state.safetensors") }
  public var log: URL { url.appendingPathComponent(TrainingLog.name) }
}
