import Foundation
import Images

/// A folder of one test, removed with all in it when the test ends.
final class ScratchFolder {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appendingPathComponent("data-sets-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  func file(_ name: String) -> URL { url.appendingPathComponent(name) }

  /// Writes a file, and the folders it is in.
  @discardableResult
  func write(_ bytes: some Sequence<UInt8>, _ name: String) throws -> URL {
    let file = file(name)
    try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: file)
    return file
  }

  @discardableResult
  func write(_ text: String, _ name: String) throws -> URL { try write(Array(text.utf8), name) }

  /// Writes a picture of one colour.
  @discardableResult
  func picture(_ name: String, _ value: UInt8 = 10, width: Int = 6, height: Int = 4) throws -> URL {
    let pixels = [UInt8](repeating: value, count: width * height * 3)
    let url = file(name)
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try ImageFile.save(Image(width: width, height: height, channels: 3, pixels: pixels), to: url)
    return url
  }

  /// Names of what is in the folder, hidden files too, sorted.
  var contents: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: url.path).sorted() }
  }
}
