import Foundation
import Images

extension ShapeScene {
  /// Draws the scene with smooth edges, `side` pixels along each side.
  package func image(side: Int) -> Image {
    let pixel = 1 / Float(side)
    var pixels = [UInt8](repeating: 0, count: side * side * 3)
    let base = ground.tint + shades[0]
    let mark = ground == .black ? base + 70 : base * 0.72
    let fills = figures.indices.map { figures[$0].colour.tint + shades[$0 + 1] }
    let edges = zip(figures, fills).map { figure, fill in figure.colour == .black ? fill + 80 : fill * 0.45 }
    for y in 0..<side {
      for x in 0..<side {
        let point = SIMD2(Float(x) + 0.5, Float(y) + 0.5) * pixel
        var colour = base
        if pattern != .plain { colour += (mark - base) * Self.coverage(patternDistance(point), pixel) }
        for (index, figure) in figures.enumerated() {
          guard let distance = figure.distance(point, within: 2 * pixel + Self.outline) else { continue }
          colour += (fills[index] - colour) * Self.coverage(distance, pixel)
          // A line that is thinner than a pixel covers no more of it than its width.
          let line = min(Self.coverage(abs(distance) - Self.outline / 2, pixel), Self.outline / pixel)
          colour += (edges[index] - colour) * line
        }
        for channel in 0..<3 {
          pixels[(y * side + x) * 3 + channel] = UInt8(min(max(colour[channel], 0), 255).rounded())
        }
      }
    }
    return Image(width: side, height: side, channels: 3, pixels: pixels)
  }

  /// Width of the line around figures, as a share of the side.
  private static let outline: Float = 0.02
  /// Distance between stripes, and between dots.
  private static let period: Float = 0.25

  /// How much of a pixel lies inside an edge at a signed distance.
  private static func coverage(_ distance: Float, _ pixel: Float) -> Float { min(max(0.5 - distance / pixel, 0), 1) }

  /// To the nearest stripe or dot; negative inside.
  private func patternDistance(_ point: SIMD2<Float>) -> Float {
    let turned = (point - 0.5).turned(-patternAngle)
    func folded(_ value: Float) -> Float { abs(value - Self.period * (value / Self.period).rounded()) }
    switch pattern {
    case .plain: return .infinity
    case .striped: return folded(turned.x) - Self.period / 5
    case .dotted: return SIMD2(folded(turned.x), folded(turned.y)).length - Self.period / 5
    }
  }
}

extension ShapeScene.Colour {
  /// Red, green and blue, 0...255.
  package var tint: SIMD3<Float> {
    switch self {
    case .red: [214, 40, 40]
    case .orange: [245, 137, 30]
    case .yellow: [246, 212, 50]
    case .green: [46, 150, 70]
    case .blue: [45, 90, 205]
    case .purple: [140, 60, 170]
    case .white: [238, 238, 238]
    case .black: [28, 28, 30]
    }
  }
}

extension ShapeScene.Figure {
  /// Distance of a point to the figure's edge, negative inside; nil where it is surely more than `reach`.
  fileprivate func distance(_ point: SIMD2<Float>, within reach: Float) -> Float? {
    let away = point - centre
    guard away.length < radius * 1.15 + reach else { return nil }
    return radius * form.distance(away.turned(-angle) / radius)
  }
}

extension ShapeScene.Form {
  /// Distance to the edge of the form with a radius of 1 around the middle, y down; negative inside.
  fileprivate func distance(_ p: SIMD2<Float>) -> Float {
    switch self {
    case .circle: p.length - 1
    case .ring: abs(p.length - 0.74) - 0.26
    case .moon: max(p.length - 1, 0.85 - (p - SIMD2(0.55, 0)).length)
    case .square, .triangle, .star, .heart, .cross: Self.polygons[self].map { Self.distance(p, to: $0) } ?? .infinity
    }
  }

  private static let polygons: [Self: [SIMD2<Float>]] = [
    .square: star(points: 4, outer: 1, inner: 1 / Float(2).squareRoot(), turn: .pi / 4),
    .triangle: star(points: 3, outer: 1, inner: 0.5, turn: 0), .star: star(points: 5, outer: 1, inner: 0.42, turn: 0),
    .heart: heartCurve, .cross: crossArms,
  ]

  /// Corners that are outer and inner in turn, the first above.
  private static func star(points: Int, outer: Float, inner: Float, turn: Float) -> [SIMD2<Float>] {
    (0..<(2 * points)).map { corner in
      let angle = turn + .pi * Float(corner) / Float(points)
      return SIMD2(sin(angle), -cos(angle)) * (corner % 2 == 0 ? outer : inner)
    }
  }

  /// A curve of sines and cosines that everybody calls a heart.
  private static let heartCurve: [SIMD2<Float>] = (0..<28).map { corner in
    let t = 2 * Float.pi * Float(corner) / 28
    let x = 16 * pow(sin(t), 3)
    let y = 13 * cos(t) - 5 * cos(2 * t) - 2 * cos(3 * t) - cos(4 * t)
    return SIMD2(x, -y - 2.5) / 16.5
  }

  private static let crossArms: [SIMD2<Float>] = {
    let (arm, end): (Float, Float) = (0.3, 0.95)
    return [
      [arm, -end], [arm, -arm], [end, -arm], [end, arm], [arm, arm], [arm, end], [-arm, end], [-arm, arm],
      [-end, arm], [-end, -arm], [-arm, -arm], [-arm, -end],
    ]
  }()

  /// Signed distance to a polygon: that to the nearest edge, negative where a ray to the right crosses edges an odd
  /// number of times.
  private static func distance(_ p: SIMD2<Float>, to corners: [SIMD2<Float>]) -> Float {
    var (nearest, isInside) = (Float.infinity, false)
    var from = corners[corners.count - 1]
    for to in corners {
      let (edge, away) = (to - from, p - from)
      let share = min(max((edge * away).sum() / (edge * edge).sum(), 0), 1)
      let offset = away - edge * share
      nearest = min(nearest, (offset * offset).sum())
      if (from.y > p.y) != (to.y > p.y), p.x < from.x + edge.x * (p.y - from.y) / edge.y { isInside.toggle() }
      from = to
    }
    return nearest.squareRoot() * (isInside ? -1 : 1)
  }
}

extension SIMD2<Float> {
  fileprivate var length: Float { (self * self).sum().squareRoot() }

  /// Turned around the origin.
  fileprivate func turned(_ angle: Float) -> SIMD2<Float> {
    let (s, c) = (sin(angle), cos(angle))
    return SIMD2(c * x - s * y, s * x + c * y)
  }
}
