import Images
import Testing
import Training

@Suite struct DetailWindowTests {
  /// A flat picture with one white square of `side` pixels.
  private func picture(squareAt x: Int, _ y: Int, side: Int) -> Image {
    var pixels = [UInt8](repeating: 0, count: 64 * 64 * 3)
    for row in y..<y + side {
      for i in (row * 64 + x) * 3..<(row * 64 + x + side) * 3 { pixels[i] = 255 }
    }
    return Image(width: 64, height: 64, channels: 3, pixels: pixels)
  }

  /// Places of windows at evenly spaced chances.
  private func places(_ windows: DetailWindow, _ count: Int) -> [(x: Int, y: Int)] {
    (0..<count).map { windows.place((Float($0) + 0.5) / Float(count)) }
  }

  @Test func everyPlaceOfAFlatPictureComesOnce() {
    let flat = Image(width: 64, height: 64, channels: 3, pixels: [UInt8](repeating: 90, count: 64 * 64 * 3))
    let found = places(DetailWindow(in: flat, side: 32), 25).map { [$0.x, $0.y] }
    #expect(found == (0..<25).map { [$0 % 5 * 8, $0 / 5 * 8] })
  }

  /// A window comes as often as its share of the summed squared differences, and of a quarter of their mean.
  @Test func windowsComeWhereTheDetailIs() {
    let picture = picture(squareAt: 40, 8, side: 8)
    func value(_ x: Int, _ y: Int) -> Double { Double(picture.pixels[(y * 64 + x) * 3]) }
    func detail(_ columns: Range<Int>, _ rows: Range<Int>) -> Double {
      var sum = 0.0
      for y in rows where y > 0 {
        for x in columns where x > 0 {
          let (across, down) = (value(x, y) - value(x - 1, y), value(x, y) - value(x, y - 1))
          sum += across * across + down * down
        }
      }
      return sum
    }
    let floor = 4 * 0.25 * detail(0..<64, 0..<64) / 64
    var expected: [[Double]] = []
    for y in stride(from: 0, through: 48, by: 8) {
      for x in stride(from: 0, through: 48, by: 8) {
        expected.append([Double(x), Double(y), detail(x..<x + 16, y..<y + 16) + floor])
      }
    }
    let total = expected.reduce(0) { $0 + $1[2] }
    let found = places(DetailWindow(in: picture, side: 16), 20_000)
    for window in expected {
      let count = found.count { Double($0.x) == window[0] && Double($0.y) == window[1] }
      #expect(abs(Double(count) / 20_000 - window[2] / total) < 2e-4, "at \(window[0]), \(window[1])")
    }
  }

  @Test func windowsStayInside() {
    let whole = DetailWindow(in: picture(squareAt: 8, 8, side: 24), side: 64)
    #expect(whole.place(0) == (0, 0) && whole.place(0.999_999) == (0, 0))
    for place in places(DetailWindow(in: picture(squareAt: 8, 8, side: 24), side: 40), 200) {
      #expect((0...24).contains(place.x) && (0...24).contains(place.y))
    }
  }
}
