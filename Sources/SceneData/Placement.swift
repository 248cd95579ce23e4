import Foundation

/// Where and how one sprite is drawn.
struct Placement {
  var sprite: Sprite
  /// The tone the sprite is recoloured to, nil to leave it.
  var tone: Tone?
  /// Middle of the lower edge, in fractions of the picture's side.
  var x: Float
  var bottom: Float
  /// Longer side of the sprite, in fractions of the picture's side.
  var size: Float
  var mirrored = false
  /// Degrees clockwise.
  var tilt: Float = 0
  /// Factor on brightness, 1: as drawn.
  var brightness: Float = 1
  /// Whether it touches a ground and so throws a shadow.
  var shadow = false
  /// Whether its lower rim lies in water.
  var floats = false

  var width: Float { size * sprite.width / max(sprite.width, sprite.height) }
  var height: Float { size * sprite.height / max(sprite.width, sprite.height) }
}

extension Canvas {
  /// Draws the soft dark spot where a thing touches the ground.
  mutating func contactShadow(_ p: Placement, opacity: Float) {
    let foot = p.mirrored ? SIMD2(1 - p.sprite.foot.y, 1 - p.sprite.foot.x) : p.sprite.foot
    let half = max(0.12, (foot.y - foot.x) / 2 * 1.12) * p.width
    let x = p.x + ((foot.x + foot.y) / 2 - 0.5) * p.width
    let flat = min(0.035, half * 0.22)
    ellipse(
      x, p.bottom - flat * 0.2, half + 0.01, flat, RGB(0.02, 0.02, 0.06), opacity: opacity,
      blur: max(0.02, flat * 0.9))
  }

  /// Composes a sprite over the picture, its colours multiplied by `tint`.
  mutating func draw(_ p: Placement, tint: RGB) {
    let scale = Float(side)
    let zoom = p.size * scale / max(p.sprite.width, p.sprite.height)
    // The smallest level that is still at least about as large as the drawing.
    let fit = p.sprite.levels.lastIndex { Float($0.width) >= p.sprite.width * zoom * 0.95 } ?? 0
    let level = p.sprite.levels[fit]
    let pixelsX = zoom * p.sprite.width / Float(level.width)
    let pixelsY = zoom * p.sprite.height / Float(level.height)
    let (w, h) = (Float(level.width) * pixelsX, Float(level.height) * pixelsY)
    let (s, c) = (sin(p.tilt * .pi / 180), cos(p.tilt * .pi / 180))
    let (cx, cy) = (p.x * scale, p.bottom * scale - h / 2)
    let reachX = (abs(c) * w + abs(s) * h) / 2 + 1
    let reachY = (abs(s) * w + abs(c) * h) / 2 + 1
    let (x0, x1) = (max(0, Int(cx - reachX)), min(side, Int(cx + reachX) + 1))
    let (y0, y1) = (max(0, Int(cy - reachY)), min(side, Int(cy + reachY) + 1))
    guard x0 < x1, y0 < y1 else { return }
    let light = tint * p.brightness
    let flip: Float = p.mirrored ? -1 : 1
    let side = side
    level.pixels.withUnsafeBufferPointer { source in
      pixels.withUnsafeMutableBufferPointer { out in
        for row in y0..<y1 {
          let dy = Float(row) + 0.5 - cy
          for column in x0..<x1 {
            let dx = Float(column) + 0.5 - cx
            let u = (c * dx + s * dy) * flip / pixelsX + Float(level.width) / 2 - 0.5
            let v = (c * dy - s * dx) / pixelsY + Float(level.height) / 2 - 0.5
            let pixel = sample(source, level.width, level.height, u, v)
            let alpha = pixel.w
            if alpha < 0.004 { continue }
            var colour = RGB(pixel.x, pixel.y, pixel.z)
            if let tone = p.tone {
              colour = p.sprite.main.recolour(colour / alpha, tone) * alpha
            }
            colour = (colour * light).clamped(
              lowerBound: .zero, upperBound: RGB(repeating: alpha))
            let i = row * side + column
            out[i] = out[i] * (1 - alpha) + colour
          }
        }
      }
    }
  }
}

/// Reads premultiplied RGBA (0...1) between pixels; outside is transparent.
@inline(__always)
private func sample(
  _ source: UnsafeBufferPointer<UInt8>, _ width: Int, _ height: Int, _ u: Float, _ v: Float
) -> SIMD4<Float> {
  guard u > -1, v > -1, u < Float(width), v < Float(height) else { return .zero }
  let (left, top) = (Int(u.rounded(.down)), Int(v.rounded(.down)))
  let (a, b) = (u - Float(left), v - Float(top))
  @inline(__always)
  func pixel(_ x: Int, _ y: Int) -> SIMD4<Float> {
    guard x >= 0, y >= 0, x < width, y < height else { return .zero }
    let i = (y * width + x) * 4
    return SIMD4<Float>(
      SIMD4<UInt8>(source[i], source[i + 1], source[i + 2], source[i + 3]))
  }
  let upper = pixel(left, top) * (1 - a) + pixel(left + 1, top) * a
  let lower = pixel(left, top + 1) * (1 - a) + pixel(left + 1, top + 1) * a
  return (upper * (1 - b) + lower * b) * (1 / 255)
}
