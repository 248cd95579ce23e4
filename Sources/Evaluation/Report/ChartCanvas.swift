import Images

/// A picture that a chart is drawn on: colours 0 ... 255, positions in pixels, y downwards.
package struct ChartCanvas {
  private let width, height: Int
  private var pixels: [SIMD3<Float>]
  /// Pixels of a letter's dot.
  private static let dot: Float = 2

  /// A white one.
  package init(width: Int, height: Int) {
    (self.width, self.height) = (width, height)
    pixels = Array(repeating: SIMD3(repeating: 255), count: width * height)
  }

  private mutating func blend(_ x: Int, _ y: Int, _ colour: SIMD3<Float>, _ share: Float) {
    guard x >= 0, y >= 0, x < width, y < height, share > 0 else { return }
    let at = y * width + x
    pixels[at] += (colour - pixels[at]) * min(share, 1)
  }

  /// Calls `cover` with the middle of every pixel in a rectangle and mixes the colour in by what it says.
  private mutating func fill(
    _ low: SIMD2<Float>, _ high: SIMD2<Float>, _ colour: SIMD3<Float>, _ cover: (SIMD2<Float>) -> Float
  ) {
    let (left, right) = (max(0, Int(low.x)), min(width - 1, Int(high.x)))
    let (top, bottom) = (max(0, Int(low.y)), min(height - 1, Int(high.y)))
    guard left <= right, top <= bottom else { return }
    for y in top...bottom {
      for x in left...right { blend(x, y, colour, cover(SIMD2(Float(x) + 0.5, Float(y) + 0.5))) }
    }
  }

  /// A straight line with round ends.
  package mutating func line(_ a: SIMD2<Float>, _ b: SIMD2<Float>, width: Float, _ colour: SIMD3<Float>) {
    let along = b - a
    let square = max((along * along).sum(), 1e-6)
    let reach = SIMD2(repeating: width)
    fill(pointwiseMin(a, b) - reach, pointwiseMax(a, b) + reach, colour) { point in
      let share = min(max(((point - a) * along).sum() / square, 0), 1)
      let away = point - a - along * share
      return width / 2 + 0.5 - (away * away).sum().squareRoot()
    }
  }

  /// A filled circle.
  package mutating func dot(_ centre: SIMD2<Float>, radius: Float, _ colour: SIMD3<Float>) {
    line(centre, centre, width: 2 * radius, colour)
  }

  /// Gives every pixel of a rectangle the colour its middle has.
  package mutating func shade(_ columns: Range<Int>, _ rows: Range<Int>, _ colour: (SIMD2<Float>) -> SIMD3<Float>) {
    for y in rows.clamped(to: 0..<height) {
      for x in columns.clamped(to: 0..<width) {
        pixels[y * width + x] = colour(SIMD2(Float(x) + 0.5, Float(y) + 0.5))
      }
    }
  }

  /// Faint colour between two upright lines, each given by its upper and lower end.
  mutating func band(
    from a: (SIMD2<Float>, SIMD2<Float>), to b: (SIMD2<Float>, SIMD2<Float>), _ colour: SIMD3<Float>
  ) {
    let run = max(b.0.x - a.0.x, 1e-3)
    let (top, bottom) = (min(a.0.y, b.0.y), max(a.1.y, b.1.y))
    fill(SIMD2(a.0.x, top), SIMD2(b.0.x, bottom), colour) { point in
      guard point.x >= a.0.x, point.x < b.0.x else { return 0 }
      let share = (point.x - a.0.x) / run
      let (upper, lower) = (a.0.y + (b.0.y - a.0.y) * share, a.1.y + (b.1.y - a.1.y) * share)
      return point.y >= upper && point.y <= lower ? 0.18 : 0
    }
  }

  // MARK: - Text

  /// Pixels a text takes.
  static func width(of text: String) -> Float { Float(text.count * (Glyphs.width + 1) - 1) * dot }

  /// Writes a text that begins at `x`, its middle at `y`.
  package mutating func text(_ text: String, at x: Float, y: Float, _ colour: SIMD3<Float>) {
    let (left, top, dot) = (Int(x), Int(y - Float(Glyphs.height) * Self.dot / 2), Int(Self.dot))
    for (place, character) in text.enumerated() {
      for (row, bits) in Glyphs.rows(character).enumerated() {
        for column in 0..<Glyphs.width where bits >> (Glyphs.width - 1 - column) & 1 == 1 {
          for sub in 0..<(dot * dot) {
            blend(
              left + (place * (Glyphs.width + 1) + column) * dot + sub % dot, top + row * dot + sub / dot, colour, 1)
          }
        }
      }
    }
  }

  mutating func text(_ text: String, centredAt x: Float, y: Float, _ colour: SIMD3<Float>) {
    self.text(text, at: x - Self.width(of: text) / 2, y: y, colour)
  }

  mutating func text(_ text: String, rightAt x: Float, y: Float, _ colour: SIMD3<Float>) {
    self.text(text, at: x - Self.width(of: text), y: y, colour)
  }

  /// Rounds to 8 bits.
  package func image() -> Image {
    Image(
      width: width, height: height, channels: 3,
      pixels: pixels.flatMap { pixel in (0..<3).map { UInt8(min(max(pixel[$0], 0), 255) + 0.5) } })
  }
}
