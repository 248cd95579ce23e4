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

  /// Fewer than half of the 49 windows touch the square; in the picture without the floor all would.
  @Test func windowsComeWhereTheDetailIs() {
    let windows = DetailWindow(in: picture(squareAt: 40, 8, side: 8), side: 16)
    let found = places(windows, 5000)
    let onIt = found.count { $0.x <= 40 && $0.x + 16 > 40 && $0.y <= 8 && $0.y + 16 > 8 }
    // Each of the four windows that hold the square has the whole detail d and four cells' floor of d / 256, of 49 windows.
    let share = (4.0 + 4 * 4.0 / 256) / (4 + 49 * 4.0 / 256)
    #expect(abs(Double(onIt) / 5000 - share) < 0.1, "\(onIt) of 5000, about \(share)")
    #expect(Set(found.map { $0.y * 64 + $0.x }).count == 49, "every window can come")
  }

  @Test func windowsStayInside() {
    let whole = DetailWindow(in: picture(squareAt: 8, 8, side: 24), side: 64)
    #expect(whole.place(0) == (0, 0) && whole.place(0.999_999) == (0, 0))
    for place in places(DetailWindow(in: picture(squareAt: 8, 8, side: 24), side: 40), 200) {
      #expect((0...24).contains(place.x) && (0...24).contains(place.y))
    }
  }
}
