import Foundation
import Images

/// Pictures of two classes that a small network tells apart at once.
enum ColouredPictures {
  /// Writes pictures of 8 × 8 pixels with captions, red ones and green ones of many brightnesses in turn.
  /// - Parameter least: the colour's value in the first.
  static func write(_ count: Int, least: Int, to folder: URL) throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for index in 0..<count {
      let colour = index % 2
      var pixels = [UInt8](repeating: UInt8(20 + 2 * index), count: 8 * 8 * 3)
      for pixel in 0..<64 { pixels[3 * pixel + colour] = UInt8(least + 3 * index) }
      let name = String(format: "%02d", index)
      try ImageFile.save(
        Image(width: 8, height: 8, channels: 3, pixels: pixels), to: folder.appendingPathComponent("\(name).png"),
        text: [])
      try Data("a \(["red", "green"][colour]) square".utf8).write(to: folder.appendingPathComponent("\(name).txt"))
    }
  }
}
