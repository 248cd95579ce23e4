import Foundation
import Testing

/// A folder of one test, removed with all in it when the test ends.
final class ScratchFolder {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appendingPathComponent("checkpoints-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  func file(_ name: String) -> URL { url.appendingPathComponent(name) }

  /// Writes a file and returns its location.
  func write(_ bytes: [UInt8], _ name: String) throws -> URL {
    try Data(bytes).write(to: file(name))
    return file(name)
  }
}

/// `body` fails with an error of one line that has all of `parts`.
func expectError(
  _ parts: [String], sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void
) {
  do {
    try body()
    Issue.record("no error, expected one with \(parts)", sourceLocation: sourceLocation)
  } catch {
    let line = "\(error)"
    #expect(!line.contains("\n"), "\(line)", sourceLocation: sourceLocation)
    for part in parts {
      #expect(line.contains(part), "no \"\(part)\" in: \(line)", sourceLocation: sourceLocation)
    }
  }
}
