import Foundation

/// The location of a file or folder in `Tests/Fixtures`, found from the source file of the calling test.
/// - Parameter path: relative to the folder of fixtures.
public func fixtureURL(_ path: String, from file: String = #filePath) -> URL {
  var folder = URL(fileURLWithPath: file).deletingLastPathComponent()
  while folder.lastPathComponent != "Tests" && folder.path != "/" {
    folder.deleteLastPathComponent()
  }
  return folder.appendingPathComponent("Fixtures").appendingPathComponent(path)
}
