import Foundation
import ModelFiles
import Synchronization

/// The folders a server takes models and other files from, and what was last found there.
final class ServedFolders: Sendable {
  let locator: ModelLocator
  private let styles: String?
  private let found = Mutex<(files: ServedFiles, time: ContinuousClock.Instant)?>(nil)
  /// How long what was found is taken for what is there.
  private static let freshness = Duration.seconds(5)

  /// - Parameters:
  ///   - locator: its working folder is the folder of models.
  ///   - styles: the file of styles; nil for `styles.csv` in the folder of models.
  init(_ locator: ModelLocator, styles: String?) {
    self.locator = locator
    let usual = locator.workingDirectory.appendingPathComponent("styles.csv").path
    self.styles = styles ?? (FileManager.default.fileExists(atPath: usual) ? usual : nil)
  }

  /// What is there. Looks again if that was some time ago, which takes a while: not on a thread of connections.
  func files(isFresh: Bool = false) -> ServedFiles {
    if !isFresh, let known = found.withLock({ $0 }), .now - known.time < Self.freshness { return known.files }
    let files = ServedFiles(locator, styles: styles)
    found.withLock { $0 = (files, .now) }
    return files
  }
}
