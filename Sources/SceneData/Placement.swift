import Foundation

/// Where and how one sprite is drawn.
struct Placement {
  var sprite: Sprite
  /// Which item of the scene it shows.
  var item = 0
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

  /// Middle and half extent of the upright rectangle around the tilted sprite.
  var bounds: (centre: SIMD2<Float>, reach: SIMD2<Float>) {
    let (s, c) = (abs(sin(tilt * .pi / 180)), abs(cos(tilt * .pi / 180)))
    return ([x, bottom - height / 2], [(c * width + s * height) / 2, (s * width + c * height) / 2])
  }

  /// The part of ``bounds`` inside the picture.
  var box: SceneFigure.Box {
    let (centre, reach) = bounds
    let low = (centre - reach).clamped(lowerBound: .zero, upperBound: .one)
    let high = (centre + reach).clamped(lowerBound: .zero, upperBound: .one)
    return .init(x: low.x, y: low.y, width: high.x - low.x, height: high.y - low.y)
  }

  /// The side the figure looks to in the picture.
  var facing: SceneDescription.Facing? {
    guard mirrored else { return sprite.facing }
    return sprite.facing.map { $0 == .left ? .right : .left }
  }
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
    let view = SpriteView(p, tint: tint, side: side)
    let side = side
    pixels.withUnsafeMutableBufferPointer { out in
      view.visit { column, row, pixel in
        let i = row * side + column
        out[i] = out[i] * (1 - pixel.w) + RGB(pixel.x, pixel.y, pixel.z)
      }
    }
  }
}
