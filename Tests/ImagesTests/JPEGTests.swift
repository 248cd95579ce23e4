import Foundation
import Images
import Testing

@Suite struct JPEGTests {
  /// Pillow's own libjpeg may differ from the system's by a rounding of the inverse transform and
  /// of the colour conversion: two levels. CMYK takes one more, for Pillow's rounding of ink times
  /// ink.
  @Test(arguments: [("rgb.jpg", 2), ("progressive.jpg", 2), ("grey.jpg", 2), ("cmyk.jpg", 3)])
  func decodesAsPillowDoes(_ name: String, _ tolerance: Int) throws {
    let expected = try #require(try ImageFixtures.expected()[name])
    let image = try JPEG.decode(ImageFixtures.bytes(name))
    #expect((image.width, image.height) == (expected.width, expected.height))
    #expect(image.channels == expected.channels)
    #expect(ImageFixtures.distance(image.pixels, expected.pixels) <= tolerance)
  }

  /// Quarters red, green, blue, white from the top left, whatever way the camera was held.
  @Test(arguments: 1...8) func appliesTheOrientation(_ orientation: Int) throws {
    let image = try JPEG.decode(ImageFixtures.url("orientation\(orientation).jpg"))
    #expect((image.width, image.height) == (32, 16))
    let colours = [(4, 4), (28, 4), (4, 12), (28, 12)].map { x, y in
      Array(image.pixels[((y * 32 + x) * 3)..<((y * 32 + x) * 3 + 3)])
    }
    let expected: [[UInt8]] = [[230, 20, 20], [20, 200, 20], [20, 20, 230], [240, 240, 240]]
    for (colour, expected) in zip(colours, expected) {
      // Flat blocks at quality 95: quantisation moves them by a few levels.
      #expect(ImageFixtures.distance(colour, expected) <= 4)
    }
  }

  @Test(arguments: ["mm", "ii"], ["utf16be", "utf16le", "bom", "ascii"])
  func readsCommentsInEitherByteOrder(_ file: String, _ text: String) throws {
    let bytes = try ImageFixtures.bytes("comment_\(text)_\(file).jpg")
    let expected =
      text == "ascii" ? "plain text, Steps: 20" : "a 猫, café\nSteps: 20, Sampler: Euler, Seed: 1"
    #expect(try JPEG.decodeWithText(bytes).userComment == expected)
  }

  @Test(arguments: ["a, b\nSteps: 20", "猫 😀 é", ""]) func writesComments(_ text: String) throws {
    let image = ImageFixtures.noise(width: 9, height: 5, channels: 3)
    let bytes = try JPEG.encode(image, userComment: text)
    #expect(try JPEG.decodeWithText(bytes).userComment == text)
    // The layout other programs look for.
    let payload =
      Array("UNICODE\0".utf8) + text.utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] }
    #expect(bytes.indices.contains { bytes[$0...].starts(with: payload) })
    #expect(try JPEG.decodeWithText(JPEG.encode(image)).userComment == nil)
  }

  @Test func refusesCommentsThatDoNotFit() throws {
    let image = ImageFixtures.noise(width: 1, height: 1, channels: 1)
    // ASCII takes one byte a letter where two do not go in.
    for (letter, most) in [("é", (65_533 - 58) / 2), ("x", 65_533 - 58)] {
      let text = String(repeating: letter, count: most)
      #expect(try JPEG.decodeWithText(JPEG.encode(image, userComment: text)).userComment == text)
      let error = #expect(throws: ImageError.self) { try JPEG.encode(image, userComment: text + letter) }
      #expect(error?.description.contains("use PNG") == true)
    }
  }

  @Test(arguments: [1, 3], [60, 95]) func roundTripsSmoothPictures(
    _ channels: Int, _ quality: Int
  ) throws {
    let pixels: [UInt8] = (0..<(40 * 50 * channels)).map { index in
      let (place, c) = index.quotientAndRemainder(dividingBy: channels)
      let (y, x) = place.quotientAndRemainder(dividingBy: 50)
      return UInt8(2 * x + 3 * y + 10 * c)
    }
    let image = Image(width: 50, height: 40, channels: channels, pixels: pixels)
    let bytes = try JPEG.encode(image, quality: quality)
    #expect(try JPEG.encode(image, quality: quality) == bytes)
    let decoded = try JPEG.decode(bytes)
    #expect(decoded.channels == channels)
    // A ramp has few frequencies: what is lost is rounding and quantisation of the lowest ones.
    #expect(ImageFixtures.distance(decoded.pixels, pixels) <= (quality == 95 ? 4 : 16))
  }

  @Test func transparentPartsBecomeWhite() throws {
    let clear = Image(width: 8, height: 8, channels: 4, pixels: [UInt8](repeating: 0, count: 256))
    #expect(try JPEG.decode(JPEG.encode(clear)).pixels.allSatisfy { $0 >= 254 })
  }

  @Test func refusesSidesThatJPEGCannotHold() throws {
    let long = Image(
      width: 70_000, height: 1, channels: 1, pixels: [UInt8](repeating: 0, count: 70_000))
    #expect(throws: ImageError.self) { try JPEG.encode(long) }
  }
}
