import Files
import Foundation

/// The folder of a run: its state, its log, its samples. Only one process may train in it.
public final class RunFolder {
  public let url: URL
  private let lock: HeldFile

  /// Makes the folder if it is not there, and holds it until the object goes.
  /// - Throws: `badFolder` if another process trains in it, or it cannot be made.
  public init(_ url: URL) throws {
    self.url = url
    try RunFiles.makeFolder(url)
    do throws(HeldFile.Failure) {
      lock = try HeldFile(url.appendingPathComponent(".lock").path)
    } catch {
      let reason =
        switch error {
        case .busy: "another process is training there; wait for it, or name another folder"
        case .system(let code): String(cString: strerror(code))
        }
      throw TrainingError.badFolder(path: url.path, reason: reason)
    }
  }

  /// The file a run resumes from.
  public var state: URL { Self.state(of: url) }

  /// That file of a run's folder.
  static func state(of folder: URL) -> URL { folder.appendingPathComponent("state.safetensors") }
  public var log: URL { url.appendingPathComponent(TrainingLog.name) }
}
