import Files
import Foundation

/// The folder of a run: its state, its log, its samples. Only one process may train in it. Where a run made its folder and left
/// nothing there, since it was refused, the folder goes with the object.
public final class RunFolder {
  public let url: URL
  private let lock: HeldFile
  private let isNew: Bool

  /// Makes the folder if it is not there, and holds it until the object goes.
  /// - Throws: `badFolder` if another process trains in it, or it cannot be made.
  public init(_ url: URL) throws {
    self.url = url
    isNew = !FileManager.default.fileExists(atPath: url.path)
    try RunFiles.makeFolder(url)
    do throws(HeldFile.Failure) {
      lock = try HeldFile(Self.lock(of: url).path)
    } catch {
      let reason =
        switch error {
        case .busy: "another process is training there; wait for it, or name another folder"
        case .system(let code): String(cString: strerror(code))
        }
      throw TrainingError.badFolder(path: url.path, reason: reason)
    }
  }

  deinit {
    guard isNew,
      (try? FileManager.default.contentsOfDirectory(atPath: url.path)) == [Self.lock(of: url).lastPathComponent]
    else { return }
    unlink(Self.lock(of: url).path)
    rmdir(url.path)
  }

  private static func lock(of folder: URL) -> URL { folder.appendingPathComponent(".lock") }

  /// The file a run resumes from.
  public var state: URL { Self.state(of: url) }

  /// That file of a run's folder.
  static func state(of folder: URL) -> URL { folder.appendingPathComponent("state.safetensors") }
  public var log: URL { url.appendingPathComponent(TrainingLog.name) }
}
