import Images
import Testing

@Suite struct CompositingTests {
  private func pixel(_ values: UInt8...) -> Image {
    Image(width: 1, height: 1, channels: values.count, pixels: values)
  }

  @Test func convertsChannels() {
    #expect(pixel(7).converted(toChannels: 3).pixels == [7, 7, 7])
    #expect(pixel(7).converted(toChannels: 4).pixels == [7, 7, 7, 255])
    #expect(pixel(1, 2, 3).converted(toChannels: 4).pixels == [1, 2, 3, 255])
    // 0.299 · 100 + 0.587 · 200 + 0.114 · 50 = 153
    #expect(pixel(100, 200, 50).converted(toChannels: 1).pixels == [153])
    #expect(pixel(255, 255, 255).converted(toChannels: 1).pixels == [255])
    #expect(pixel(9, 9, 9, 0).converted(toChannels: 3).pixels == [255, 255, 255])
    #expect(pixel(100, 0, 0, 51).converted(toChannels: 3).pixels == [224, 204, 204])
    #expect(pixel(9, 9, 9, 0).converted(toChannels: 1).pixels == [255])
  }

  @Test func liesOverAColour() {
    let colour: (UInt8, UInt8, UInt8) = (0, 100, 200)
    #expect(pixel(255, 0, 50, 255).composited(over: colour).pixels == [255, 0, 50])
    #expect(pixel(255, 0, 50, 0).composited(over: colour).pixels == [0, 100, 200])
    #expect(pixel(255, 0, 50, 128).composited(over: colour).pixels == [128, 50, 125])
    #expect(pixel(5).composited(over: colour).pixels == [5, 5, 5])
  }

  @Test func liesOverAPicture() {
    let top = pixel(200, 100, 0, 51)
    #expect(top.composited(over: pixel(0, 0, 100), atX: 0, y: 0).pixels == [40, 20, 80])
    #expect(top.composited(over: pixel(100), atX: 0, y: 0).pixels == [120, 100, 80])
    // Alpha 0.2 over 0.5: 0.6 in all, the top's share a third.
    let mixed = top.composited(over: pixel(0, 0, 90, 128), atX: 0, y: 0).pixels
    #expect(ImageFixtures.distance(mixed, [67, 33, 60, 153]) <= 1)
    let clear = pixel(0, 0, 0, 0)
    #expect(top.composited(over: clear, atX: 0, y: 0) == top)
    #expect(clear.composited(over: top, atX: 0, y: 0) == top)
    #expect(pixel(3).composited(over: pixel(9), atX: 0, y: 0) == pixel(3))
    #expect(pixel(3).composited(over: pixel(9, 9, 9, 9), atX: 0, y: 0) == pixel(3, 3, 3, 255))
  }

  @Test(arguments: [1, 3, 4], [(0, 0), (-2, 1), (4, 3), (-9, 0), (5, 0), (0, -3), (2, -1)])
  func cutsOffWhatSticksOut(_ channels: Int, _ place: (Int, Int)) {
    let base = ImageFixtures.noise(width: 5, height: 4, channels: 3, seed: 1)
    var top = ImageFixtures.noise(width: 3, height: 3, channels: channels, seed: 2)
    if channels == 4 { for index in 0..<9 { top.pixels[4 * index + 3] = 255 } }
    let result = top.composited(over: base, atX: place.0, y: place.1)
    let colours = top.converted(toChannels: 3)
    for y in 0..<4 {
      for x in 0..<5 {
        let (u, v) = (x - place.0, y - place.1)
        let isInside = (0..<3).contains(u) && (0..<3).contains(v)
        for c in 0..<3 {
          let expected =
            isInside ? colours.pixels[(v * 3 + u) * 3 + c] : base.pixels[(y * 5 + x) * 3 + c]
          #expect(result.pixels[(y * 5 + x) * 3 + c] == expected)
        }
      }
    }
  }

  @Test func makesGrids() {
    let black = Image(width: 2, height: 1, channels: 1, pixels: [0, 0])
    let clear = Image(width: 1, height: 2, channels: 4, pixels: [0, 0, 0, 0, 9, 9, 9, 255])
    let grid = ImageGrid.make([black, clear, black], columns: 2, padding: 1)
    #expect((grid.width, grid.height, grid.channels) == (7, 7, 3))
    let red = stride(from: 0, to: grid.pixels.count, by: 3).map { grid.pixels[$0] }
    let w: UInt8 = 255
    #expect(
      red == [
        w, w, w, w, w, w, w,
        w, 0, 0, w, w, w, w,
        w, w, w, w, 9, w, w,
        w, w, w, w, w, w, w,
        w, 0, 0, w, w, w, w,
        w, w, w, w, w, w, w,
        w, w, w, w, w, w, w,
      ])
    let single = ImageGrid.make([black], columns: 8)
    #expect((single.width, single.height) == (2, 1))
  }
}
