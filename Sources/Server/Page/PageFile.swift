import Foundation

/// A file of the page.
struct PageFile: Sendable {
  let data: Data
  /// Its content's type, as HTTP names it.
  let type: String
  /// Differs with its content.
  let tag: String

  private static let types = [
    "html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
  ]

  /// The files of a folder and those below it, by their paths in it.
  static func all(in folder: URL) -> [String: PageFile] {
    var files: [String: PageFile] = [:]
    for case let path as String in FileManager.default.enumerator(atPath: folder.path) ?? .init() {
      guard let type = types[(path as NSString).pathExtension],
        let data = try? Data(contentsOf: folder.appendingPathComponent(path))
      else { continue }
      files[path] = PageFile(data: data, type: type, tag: "\"\(checksum(data))\"")
    }
    return files
  }

  /// FNV-1a, 64 bits.
  private static func checksum(_ data: Data) -> String {
    String(data.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }, radix: 16)
  }
}
