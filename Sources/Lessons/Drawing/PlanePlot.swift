import Evaluation
import Images
import Training

/// A square window onto the plane, drawn on: densities, points, paths, arrows.
package struct PlanePlot {
  /// Its middle, and half its side, in the plane's units.
  package let centre: SIMD2<Float>
  package let reach: Float
  private let side: Int
  private var canvas: ChartCanvas
  private static let heading = 30
  private static let ink = SIMD3<Float>(60, 60, 60)
  package static let blue = SIMD3<Float>(0, 114, 178)
  package static let orange = SIMD3<Float>(213, 94, 0)

  /// - Parameters:
  ///   - title: written above.
  ///   - side: pixels of the window's side.
  package init(_ title: String, centre: SIMD2<Float> = .zero, reach: Float, side: Int = 420) {
    (self.centre, self.reach, self.side) = (centre, reach, side)
    canvas = ChartCanvas(width: side, height: side + Self.heading)
    canvas.text(title, at: 8, y: Float(Self.heading) / 2, Self.ink)
  }

  private func pixel(_ point: SIMD2<Float>) -> SIMD2<Float> {
    let share = (point - centre) / (2 * reach) + SIMD2(repeating: 0.5)
    return SIMD2(share.x * Float(side), Float(Self.heading) + (1 - share.y) * Float(side))
  }

  private func isInside(_ point: SIMD2<Float>) -> Bool {
    let away = point - centre
    return abs(away.x) <= reach && abs(away.y) <= reach
  }

  /// Middles of the cells of a grid over the window, row by row from the top.
  package func grid(_ count: Int) -> [SIMD2<Float>] {
    (0..<(count * count)).map { index in
      let (row, column) = index.quotientAndRemainder(dividingBy: count)
      let share = SIMD2(Float(column) + 0.5, Float(count - 1 - row) + 0.5) / Float(count)
      return centre + (share * 2 - SIMD2(repeating: 1)) * reach
    }
  }

  /// Colours the window by values at `grid(count)`, white for 0 and blue for the largest.
  package mutating func shade(_ values: [Float]) {
    let count = Int(Float(values.count).squareRoot().rounded())
    let most = max(values.filter(\.isFinite).max() ?? 1, .leastNormalMagnitude)
    let cell = Float(side) / Float(count)
    let white = SIMD3<Float>(repeating: 255)
    canvas.shade(0..<side, Self.heading..<(Self.heading + side)) { pixel in
      // Between the middles of four cells.
      let x = min(max(pixel.x / cell - 0.5, 0), Float(count) - 1.001)
      let y = min(max((pixel.y - Float(Self.heading)) / cell - 0.5, 0), Float(count) - 1.001)
      let (left, top) = (Int(x), Int(y))
      let (u, v) = (x - Float(left), y - Float(top))
      func value(_ dx: Int, _ dy: Int) -> Float { values[(top + dy) * count + left + dx] }
      let upper = value(0, 0) * (1 - u) + value(1, 0) * u
      let lower = value(0, 1) * (1 - u) + value(1, 1) * u
      let share = min(max((upper * (1 - v) + lower * v) / most, 0), 1)
      return white + (Self.blue - white) * share.squareRoot()
    }
  }

  package mutating func dots(_ points: [SIMD2<Float>], radius: Float = 1.2, _ colour: SIMD3<Float> = blue) {
    for point in points where isInside(point) { canvas.dot(pixel(point), radius: radius, colour) }
  }

  /// Lines through points one after the other.
  package mutating func path(_ points: [SIMD2<Float>], _ colour: SIMD3<Float>, width: Float = 1) {
    for (a, b) in zip(points, points.dropFirst()) where isInside(a) && isInside(b) {
      canvas.line(pixel(a), pixel(b), width: width, colour)
    }
  }

  /// Arrows from points, the longest as long as `length` in the plane's units and the others in proportion of their square roots.
  package mutating func arrows(_ arrows: [(from: SIMD2<Float>, along: SIMD2<Float>)], length: Float) {
    let most = arrows.map { ($0.along * $0.along).sum().squareRoot() }.max() ?? 0
    guard most > 0 else { return }
    for arrow in arrows {
      let size = (arrow.along * arrow.along).sum().squareRoot()
      guard size > 0 else { continue }
      let shaft = arrow.along / size * length * (size / most).squareRoot()
      let (a, b) = (pixel(arrow.from), pixel(arrow.from + shaft))
      canvas.line(a, b, width: 1.2, Self.ink)
      let back = (a - b) * 0.35
      let across = SIMD2(-back.y, back.x) * 0.6
      canvas.line(b, b + back + across, width: 1.2, Self.ink)
      canvas.line(b, b + back - across, width: 1.2, Self.ink)
    }
  }

  package func image() -> Image { canvas.image() }

  /// Samples beside the paths that some of them took from noise.
  package static func paths(_ drawn: PointPaths) -> Image {
    var samples = PlanePlot("\(drawn.points.count) samples", reach: 1.6)
    samples.dots(drawn.points)
    var ways = PlanePlot("\(drawn.paths.count) paths from noise", reach: 3)
    for path in drawn.paths { ways.path(path, blue) }
    ways.dots(drawn.paths.compactMap(\.last), radius: 3, orange)
    return ImageGrid.make([samples.image(), ways.image()], columns: 2, padding: 4)
  }
}
