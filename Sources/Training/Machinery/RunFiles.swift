import Files
import Foundation

/// Small files of a run: each appears whole under its name or not at all, and what goes wrong is one line with its path.
package enum RunFiles {
  /// Makes a folder and those above it that are missing.
  package static func makeFolder(_ url: URL) throws(TrainingError) {
    do { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) } catch {
      throw .badFolder(path: url.path, reason: "cannot be made: \(FileFailure.reason(error))")
    }
  }

  /// Writes a file in place of the one that is there.
  package static func write(_ data: Data, to url: URL) throws(TrainingError) {
    do { try PartialFile.write(data, to: url.path) } catch { throw unwritable(url, error) }
  }

  /// Adds to the end of a file.
  static func append(_ data: Data, to url: URL) throws(TrainingError) {
    do {
      let handle = try FileHandle(forWritingTo: url)
      defer { try? handle.close() }
      try handle.seekToEnd()
      try handle.write(contentsOf: data)
    } catch { throw unwritable(url, error) }
  }

  private static func unwritable(_ url: URL, _ error: any Error) -> TrainingError {
    .badFolder(path: url.path, reason: "cannot be written: \(FileFailure.reason(error))")
  }
}
