import Foundation
import Images

/// The files made by `make_fixtures.py` with Pillow.
enum ImageFixtures {
  /// A picture as `expected.json` lists it.
  struct Expected: Decodable {
    let width: Int
    let height: Int
    let channels: Int
    let pixels: [UInt8]

    var image: Image { Image(width: width, height: height, channels: channels, pixels: pixels) }
  }

  static func url(_ name: String, file: String = #filePath) -> URL {
    URL(fileURLWithPath: file).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Fixtures/images").appendingPathComponent(name)
  }

  static func bytes(_ name: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: url(name))) }

  static func expected() throws -> [String: Expected] {
    try JSONDecoder().decode(
      [String: Expected].self, from: Data(contentsOf: url("expected.json")))
  }

  /// Samples of equal odds from a fixed stream.
  static func noise(width: Int, height: Int, channels: Int, seed: UInt64 = 1) -> Image {
    var state = seed
    let pixels = (0..<(width * height * channels)).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt8(truncatingIfNeeded: state >> 40)
    }
    return Image(width: width, height: height, channels: channels, pixels: pixels)
  }

  /// Runs `body` with a folder that is gone afterwards.
  static func withFolder(_ body: (URL) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder)
  }

  /// Largest difference of two samples at the same place.
  static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    guard a.count == b.count else { return .max }
    return zip(a, b).reduce(0) { max($0, abs(Int($1.0) - Int($1.1))) }
  }
}
