import Foundation

/// A placed sprite as the pixels of a picture see it.
struct SpriteView {
  /// The pixels it can touch.
  let columns, rows: Range<Int>
  private let placement: Placement
  private let level: Sprite.Level
  private let light: RGB
  /// Level pixels for a step of one picture pixel to the right, and down.
  private let stepX, stepY: SIMD2<Float>
  /// Level position of the picture's first pixel.
  private let origin: SIMD2<Float>
  /// Whether the level is smaller than what is drawn, so that a smooth filter pays.
  private let isEnlarged: Bool

  /// - Parameters:
  ///   - tint: factor on its colours.
  ///   - side: pixels along each side of the picture.
  init(_ p: Placement, tint: RGB, side: Int) {
    let scale = Float(side)
    let zoom = p.size * scale / max(p.sprite.width, p.sprite.height)
    // The smallest level that is still at least about as large as the drawing.
    let fit = p.sprite.levels.lastIndex { Float($0.width) >= p.sprite.width * zoom * 0.95 } ?? 0
    level = p.sprite.levels[fit]
    let size = SIMD2(Float(level.width), Float(level.height))
    let unit = size / (SIMD2(p.sprite.width, p.sprite.height) * zoom)
    let (s, c) = (sin(p.tilt * .pi / 180), cos(p.tilt * .pi / 180))
    let flip: Float = p.mirrored ? -1 : 1
    stepX = SIMD2(c * flip, -s) * unit
    stepY = SIMD2(s * flip, c) * unit
    let (middle, reach) = p.bounds
    let centre = middle * scale
    origin = size / 2 - 0.5 + stepX * (0.5 - centre.x) + stepY * (0.5 - centre.y)
    let low = (centre - reach * scale - 1).clamped(lowerBound: .zero, upperBound: SIMD2(repeating: scale))
    let high = (centre + reach * scale + 2).clamped(lowerBound: .zero, upperBound: SIMD2(repeating: scale))
    columns = Int(low.x)..<max(Int(low.x), Int(high.x))
    rows = Int(low.y)..<max(Int(low.y), Int(high.y))
    light = tint * p.brightness
    isEnlarged = unit.x < 0.95
    placement = p
  }

  /// Calls `body` for every pixel of the picture that the sprite covers, with premultiplied RGBA (0...1).
  @inline(__always)
  func visit(_ body: (_ column: Int, _ row: Int, _ pixel: SIMD4<Float>) -> Void) {
    let (main, tone) = (placement.sprite.main, placement.tone)
    level.pixels.withUnsafeBufferPointer { source in
      for row in rows {
        for column in columns {
          let place = origin + stepX * Float(column) + stepY * Float(row)
          let pixel = isEnlarged ? smooth(source, place) : straight(source, place)
          let alpha = pixel.w
          if alpha < 0.004 { continue }
          var colour = RGB(pixel.x, pixel.y, pixel.z)
          if let tone { colour = main.recolour(colour / alpha, tone) * alpha }
          colour = (colour * light).clamped(lowerBound: .zero, upperBound: RGB(repeating: alpha))
          body(column, row, SIMD4(colour, alpha))
        }
      }
    }
  }

  @inline(__always)
  private func pixel(_ source: UnsafeBufferPointer<UInt8>, _ x: Int, _ y: Int) -> SIMD4<Float> {
    guard x >= 0, y >= 0, x < level.width, y < level.height else { return .zero }
    let i = (y * level.width + x) * 4
    return SIMD4<Float>(SIMD4<UInt8>(source[i], source[i + 1], source[i + 2], source[i + 3]))
  }

  /// Reads between pixels by weighing four; outside is transparent.
  @inline(__always)
  private func straight(_ source: UnsafeBufferPointer<UInt8>, _ at: SIMD2<Float>) -> SIMD4<Float> {
    guard at.x > -1, at.y > -1, at.x < Float(level.width), at.y < Float(level.height) else { return .zero }
    let corner = at.rounded(.down)
    let (left, top) = (Int(corner.x), Int(corner.y))
    let part = at - corner
    let upper = pixel(source, left, top) * (1 - part.x) + pixel(source, left + 1, top) * part.x
    let lower = pixel(source, left, top + 1) * (1 - part.x) + pixel(source, left + 1, top + 1) * part.x
    return (upper * (1 - part.y) + lower * part.y) * (1 / 255)
  }

  /// Reads between pixels by Catmull-Rom's cubic over sixteen, which keeps edges sharp in enlarging.
  ///
  /// Source: Keys, "Cubic convolution interpolation for digital image processing", 1981, equation 15 (a = -1/2).
  @inline(__always)
  private func smooth(_ source: UnsafeBufferPointer<UInt8>, _ at: SIMD2<Float>) -> SIMD4<Float> {
    guard at.x > -1.5, at.y > -1.5, at.x < Float(level.width) + 0.5, at.y < Float(level.height) + 0.5 else {
      return .zero
    }
    let corner = at.rounded(.down)
    let (left, top) = (Int(corner.x) - 1, Int(corner.y) - 1)
    let (across, down) = (Self.cubic(at.x - corner.x), Self.cubic(at.y - corner.y))
    var sum = SIMD4<Float>.zero
    for j in 0..<4 {
      var line = SIMD4<Float>.zero
      for i in 0..<4 { line += pixel(source, left + i, top + j) * across[i] }
      sum += line * down[j]
    }
    return (sum * (1 / 255)).clamped(lowerBound: .zero, upperBound: .one)
  }

  @inline(__always)
  private static func cubic(_ t: Float) -> SIMD4<Float> {
    let (t2, t3) = (t * t, t * t * t)
    return SIMD4(-t + 2 * t2 - t3, 2 - 5 * t2 + 3 * t3, t + 4 * t2 - 3 * t3, t3 - t2) * 0.5
  }
}

extension SIMD4 where Scalar == Float {
  /// A premultiplied colour with its opacity.
  @inline(__always)
  init(_ colour: RGB, _ alpha: Float) { self.init(colour.x, colour.y, colour.z, alpha) }
}
