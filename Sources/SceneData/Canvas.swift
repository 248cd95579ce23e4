import Foundation
import Images

/// A colour, red, green and blue in 0...1.
typealias RGB = SIMD3<Float>

extension RGB {
  /// A colour from 0xRRGGBB.
  init(hex: UInt32) {
    self.init(Float(hex >> 16 & 255), Float(hex >> 8 & 255), Float(hex & 255))
    self /= 255
  }

  /// This colour moved towards `other` by `t` (0...1).
  @inline(__always)
  func mixed(_ other: RGB, _ t: Float) -> RGB { self + (other - self) * t }
}

/// Returns 0 below `a`, 1 above `b` and a smooth step between.
@inline(__always)
func smooth(_ a: Float, _ b: Float, _ x: Float) -> Float {
  let t = min(1, max(0, (x - a) / (b - a)))
  return t * t * (3 - 2 * t)
}

/// A square picture being drawn. Positions and lengths are fractions of its side, y downwards.
struct Canvas {
  /// Pixels along each side.
  let side: Int
  /// Row-major, `side * side`.
  var pixels: [RGB]

  /// An empty, black picture.
  init(side: Int) {
    self.side = side
    pixels = [RGB](repeating: .zero, count: side * side)
  }

  /// Colours every pixel by its position.
  @inline(__always)
  mutating func fill(_ colour: (_ x: Float, _ y: Float) -> RGB) {
    let unit = 1 / Float(side)
    pixels.withUnsafeMutableBufferPointer { out in
      for row in 0..<side {
        let y = (Float(row) + 0.5) * unit
        for column in 0..<side {
          out[row * side + column] = colour((Float(column) + 0.5) * unit, y)
        }
      }
    }
  }

  /// Colours what lies below the curve `edge`, whose rim is smoothed, down to `bottom`.
  @inline(__always)
  mutating func ground(
    below edge: (_ x: Float) -> Float, to bottom: Float = 1, opacity: Float = 1,
    _ colour: (_ x: Float, _ y: Float) -> RGB
  ) {
    let unit = 1 / Float(side)
    let last = min(side, Int((bottom * Float(side)).rounded()))
    pixels.withUnsafeMutableBufferPointer { out in
      for column in 0..<side {
        let x = (Float(column) + 0.5) * unit
        let top = edge(x) * Float(side)
        for row in max(0, min(last, Int(top)))..<last {
          let cover = min(1, Float(row) + 1 - top) * opacity
          let i = row * side + column
          out[i] = out[i].mixed(colour(x, (Float(row) + 0.5) * unit), max(0, cover))
        }
      }
    }
  }

  /// Colours what lies between two heights.
  @inline(__always)
  mutating func ground(
    from top: Float, to bottom: Float = 1, _ colour: (_ x: Float, _ y: Float) -> RGB
  ) {
    let level = { (_: Float) in top }
    ground(below: level, to: bottom, colour)
  }

  /// Draws an ellipse; `blur` is the width of its soft rim as a fraction of the side (0: crisp).
  mutating func ellipse(
    _ cx: Float, _ cy: Float, _ rx: Float, _ ry: Float, _ colour: RGB, opacity: Float = 1,
    blur: Float = 0
  ) {
    guard rx > 0, ry > 0 else { return }
    let scale = Float(side)
    let soft = max(1, blur * scale)
    let size = min(rx, ry) * scale
    // The rim fades in proportion to the radii, so its reach differs in x and y.
    let reach = 1 + soft / (2 * size)
    let (x0, x1) = span(cx - rx * reach, cx + rx * reach)
    let (y0, y1) = span(cy - ry * reach, cy + ry * reach)
    for row in y0..<y1 {
      let dy = ((Float(row) + 0.5) / scale - cy) / ry
      for column in x0..<x1 {
        let dx = ((Float(column) + 0.5) / scale - cx) / rx
        let cover = min(1, max(0, 0.5 - ((dx * dx + dy * dy).squareRoot() - 1) * size / soft))
        if cover > 0 {
          let i = row * side + column
          pixels[i] = pixels[i].mixed(colour, cover * opacity)
        }
      }
    }
  }

  /// Adds light that fades from the centre to nothing at radius `r`.
  mutating func glow(_ cx: Float, _ cy: Float, _ r: Float, _ colour: RGB, opacity: Float) {
    let scale = Float(side)
    let (x0, x1) = span(cx - r, cx + r)
    let (y0, y1) = span(cy - r, cy + r)
    for row in y0..<max(y0, y1) {
      let dy = (Float(row) + 0.5) / scale - cy
      for column in x0..<max(x0, x1) {
        let dx = (Float(column) + 0.5) / scale - cx
        let t = 1 - min(1, (dx * dx + dy * dy).squareRoot() / r)
        let i = row * side + column
        pixels[i] = pixels[i].mixed(colour, opacity * t * t)
      }
    }
  }

  /// Draws a rectangle with smoothed edges.
  mutating func rectangle(
    _ left: Float, _ top: Float, _ right: Float, _ bottom: Float, _ colour: RGB,
    opacity: Float = 1
  ) {
    let scale = Float(side)
    let (x0, x1) = span(left, right)
    let (y0, y1) = span(top, bottom)
    for row in y0..<max(y0, y1) {
      let coverY = min(Float(row) + 1, bottom * scale) - max(Float(row), top * scale)
      for column in x0..<max(x0, x1) {
        let coverX = min(Float(column) + 1, right * scale) - max(Float(column), left * scale)
        let i = row * side + column
        pixels[i] = pixels[i].mixed(colour, max(0, coverX) * max(0, coverY) * opacity)
      }
    }
  }

  /// Draws a straight stroke of width `width` from one point to another.
  mutating func stroke(
    _ ax: Float, _ ay: Float, _ bx: Float, _ by: Float, width: Float, _ colour: RGB,
    opacity: Float = 1
  ) {
    let scale = Float(side)
    let (x0, x1) = span(min(ax, bx) - width, max(ax, bx) + width)
    let (y0, y1) = span(min(ay, by) - width, max(ay, by) + width)
    let (dx, dy) = (bx - ax, by - ay)
    let length = max(1e-6, dx * dx + dy * dy)
    for row in y0..<max(y0, y1) {
      let y = (Float(row) + 0.5) / scale - ay
      for column in x0..<max(x0, x1) {
        let x = (Float(column) + 0.5) / scale - ax
        let t = min(1, max(0, (x * dx + y * dy) / length))
        let (ex, ey) = (x - t * dx, y - t * dy)
        let distance = (ex * ex + ey * ey).squareRoot() * scale
        let cover = min(1, max(0, width * scale / 2 + 0.5 - distance))
        if cover > 0 {
          let i = row * side + column
          pixels[i] = pixels[i].mixed(colour, cover * opacity)
        }
      }
    }
  }

  /// Rounds to 8-bit RGB.
  func image() -> Image {
    let bytes = [UInt8](unsafeUninitializedCapacity: side * side * 3) { out, count in
      for (i, pixel) in pixels.enumerated() {
        let value = (pixel * 255 + 0.5).clamped(
          lowerBound: .zero, upperBound: RGB(repeating: 255))
        out[i * 3] = UInt8(value.x)
        out[i * 3 + 1] = UInt8(value.y)
        out[i * 3 + 2] = UInt8(value.z)
      }
      count = side * side * 3
    }
    return Image(width: side, height: side, channels: 3, pixels: bytes)
  }

  /// Pixels touched by an interval, within the picture.
  private func span(_ from: Float, _ to: Float) -> (Int, Int) {
    let scale = Float(side)
    let first = max(0, min(scale, (from * scale).rounded(.down)))
    return (Int(first), Int(max(first, min(scale, (to * scale).rounded(.up)))))
  }
}
