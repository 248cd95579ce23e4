import Foundation
import Images
import Testing

@Suite struct ResizeTests {
  private func fixture(_ channels: Int) throws -> Image {
    try PNG.decode(
      ImageFixtures.url(channels == 1 ? "grey.png" : channels == 3 ? "rgb.png" : "rgba.png"))
  }

  /// Pillow rounds to bytes between the two passes and we do not, so one level.
  @Test(arguments: ResizeFilter.allCases, [(17, 11), (64, 50), (10, 70), (43, 5)])
  func agreesWithPillow(_ filter: ResizeFilter, _ size: (Int, Int)) throws {
    let (width, height) = size
    let expected = try ImageFixtures.bytes("resize_\(filter)_\(width)x\(height).raw")
    let got = try fixture(3).resized(width: width, height: height, filter: filter)
    #expect((got.width, got.height, got.channels) == (width, height, 3))
    let tolerance = filter == .nearest ? 0 : 1
    #expect(ImageFixtures.distance(got.pixels, expected) <= tolerance)
  }

  @Test func greyAgreesWithPillow() throws {
    let expected = try ImageFixtures.bytes("resize_lanczos3_grey_17x11.raw")
    let got = try fixture(1).resized(width: 17, height: 11, filter: .lanczos3)
    #expect(ImageFixtures.distance(got.pixels, expected) <= 1)
  }

  /// The reference is in float throughout: one level for the order of roundings.
  @Test func transparencyAgreesWithFloatReference() throws {
    let expected = try ImageFixtures.bytes("resize_lanczos3_rgba_17x11.raw")
    let got = try fixture(4).resized(width: 17, height: 11, filter: .lanczos3).pixels
    #expect(ImageFixtures.distance(got, expected) <= 1)
  }

  @Test(arguments: ResizeFilter.allCases, [1, 3, 4])
  func flatPicturesStayFlat(_ filter: ResizeFilter, _ channels: Int) {
    let colour: [UInt8] = [200, 3, 90, 128]
    let pixels = (0..<(13 * 9)).flatMap { _ in colour[..<channels] }
    let flat = Image(width: 13, height: 9, channels: channels, pixels: pixels)
    for (width, height) in [(1, 1), (5, 20), (40, 3), (13, 9)] {
      let got = flat.resized(width: width, height: height, filter: filter)
      #expect(got.pixels == (0..<(width * height)).flatMap { _ in colour[..<channels] })
    }
  }

  @Test func wholeFactorsAreBlockMeans() {
    let image = ImageFixtures.noise(width: 12, height: 9, channels: 1)
    let got = image.resized(width: 4, height: 3, filter: .area)
    for y in 0..<3 {
      for x in 0..<4 {
        let block = (0..<9).map { Int(image.pixels[(3 * y + $0 / 3) * 12 + 3 * x + $0 % 3]) }
        let mean = Double(block.reduce(0, +)) / 9
        #expect(abs(Double(got.pixels[y * 4 + x]) - mean) <= 0.5001)
      }
    }
  }

  @Test func hiddenColoursDoNotBleed() {
    // Opaque red beside transparent green: the mean is half-covered red.
    let image = Image(width: 2, height: 1, channels: 4, pixels: [255, 0, 0, 255, 0, 255, 0, 0])
    #expect(image.resized(width: 1, height: 1, filter: .area).pixels == [255, 0, 0, 128])
  }
}
