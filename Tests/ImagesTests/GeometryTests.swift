import Images
import Testing

@Suite struct GeometryTests {
  private let image = Image(width: 3, height: 2, channels: 1, pixels: [1, 2, 3, 4, 5, 6])

  @Test func crops() {
    #expect(image.cropped(x: 1, y: 0, width: 2, height: 2).pixels == [2, 3, 5, 6])
    #expect(image.cropped(x: 0, y: 0, width: 3, height: 2) == image)
    #expect(image.centerCroppedSquare().pixels == [1, 2, 4, 5])
    let tall = Image(width: 1, height: 4, channels: 3, pixels: (0..<12).map { UInt8($0) })
    #expect(tall.centerCroppedSquare().pixels == [3, 4, 5])
  }

  @Test func flips() {
    #expect(image.flippedHorizontally().pixels == [3, 2, 1, 6, 5, 4])
    let colour = ImageFixtures.noise(width: 5, height: 3, channels: 4)
    #expect(colour.flippedHorizontally() != colour)
    #expect(colour.flippedHorizontally().flippedHorizontally() == colour)
  }

  @Test func quarterTurnsMovePixels() {
    func red(_ image: Image) -> [UInt8] {
      stride(from: 0, to: image.pixels.count, by: 4).map { image.pixels[$0] }
    }
    let left = image.rotated(degrees: 90)
    #expect((left.width, left.height, left.channels) == (2, 3, 4))
    #expect(red(left) == [3, 6, 2, 5, 1, 4])
    #expect(red(image.rotated(degrees: 180)) == [6, 5, 4, 3, 2, 1])
    #expect(red(image.rotated(degrees: -90)) == [4, 1, 5, 2, 6, 3])
    #expect(image.rotated(degrees: -450) == image.rotated(degrees: 270))
    #expect(image.rotated(degrees: 720) == image.converted(toChannels: 4))
  }

  @Test func almostQuarterTurnsComeCloseToExactOnes() {
    let smooth = Image(
      width: 20, height: 20, channels: 3,
      pixels: (0..<1200).map { index in
        let (x, y): (Int, Int) = (index / 3 % 20, index / 60)
        return UInt8(x * 8 + y * 4)
      })
    for degrees in [90.0, 180, 270] {
      let exact = smooth.rotated(degrees: degrees)
      let almost = smooth.rotated(degrees: degrees + 1e-7)
      #expect((almost.width, almost.height) == (20, 20))
      // A turn by 1e-7 degrees moves no pixel by 1e-6: only rounding is left.
      #expect(ImageFixtures.distance(exact.pixels, almost.pixels) <= 1)
    }
  }

  @Test(arguments: [1.0, 30, 45, 100, 200, 333]) func turnsKeepAreaAndColour(_ degrees: Double) {
    let colour: [UInt8] = [200, 40, 90]
    let flat = Image(
      width: 30, height: 20, channels: 3, pixels: (0..<600).flatMap { _ in colour })
    let turned = flat.rotated(degrees: degrees)
    var area = 0.0
    for start in stride(from: 0, to: turned.pixels.count, by: 4) {
      area += Double(turned.pixels[start + 3]) / 255
      if turned.pixels[start + 3] > 0 {
        #expect(ImageFixtures.distance(Array(turned.pixels[start..<(start + 3)]), colour) <= 1)
      }
    }
    // Bilinear weights sum to 1 on average over positions; what sticks out of the canvas is half a
    // pixel's rim.
    #expect(abs(area - 600) < 12)
  }

  @Test func turnsCounterClockwise() {
    // White at the right end: after 45° it is at the top right.
    var bar = Image(width: 40, height: 40, channels: 1, pixels: [UInt8](repeating: 0, count: 1600))
    for y in 16..<24 { for x in 32..<40 { bar.pixels[y * 40 + x] = 255 } }
    let turned = bar.rotated(degrees: 45)
    var (sumX, sumY, sum) = (0.0, 0.0, 0.0)
    for y in 0..<turned.height {
      for x in 0..<turned.width {
        let value = Double(turned.pixels[(y * turned.width + x) * 4])
        sumX += value * (Double(x) + 0.5)
        sumY += value * (Double(y) + 0.5)
        sum += value
      }
    }
    // The block's centre is 16 to the right of the picture's; 16/√2 after the turn, within
    // interpolation.
    #expect(abs(sumX / sum - Double(turned.width) / 2 - 11.31) < 0.3)
    #expect(abs(sumY / sum - Double(turned.height) / 2 + 11.31) < 0.3)
  }
}
