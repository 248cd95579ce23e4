import Images
import TestSupport

/// Small pictures made of formulas and noise.
package enum TestPictures {
  /// Noise in every byte, so that any pixel out of place shows.
  package static func noise(width: Int, height: Int, channels: Int = 3, seed: UInt64 = 1) -> Image {
    var random = TestRandom(seed: seed)
    return Image(
      width: width, height: height, channels: channels,
      pixels: (0..<(width * height * channels)).map { _ in UInt8(truncatingIfNeeded: random.next()) })
  }

  /// A black picture with a white rectangle.
  package static func mask(width: Int, height: Int, x: Range<Int>, y: Range<Int>) -> Image {
    var image = Image(
      width: width, height: height, channels: 1, pixels: [UInt8](repeating: 0, count: width * height))
    for row in y { for column in x { image.pixels[row * width + column] = 255 } }
    return image
  }

  /// One colour everywhere.
  package static func plain(width: Int, height: Int, _ colour: [UInt8]) -> Image {
    Image(
      width: width, height: height, channels: colour.count,
      pixels: (0..<(width * height)).flatMap { _ in colour })
  }
}
