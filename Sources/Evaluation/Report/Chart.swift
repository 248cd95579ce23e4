import Foundation
import Images

/// Curves with their intervals, as a picture.
public struct Chart {
  /// One curve.
  public struct Series {
    public let name: String
    /// From left to right.
    public let points: [(x: Double, y: Estimate)]

    public init(_ name: String, _ points: [(x: Double, y: Estimate)]) { (self.name, self.points) = (name, points) }
  }

  public let title, xLabel: String
  public let series: [Series]
  /// Pixels of the picture, and of the field inside the axes.
  private static let size = (width: 900, height: 560)
  private static let field = (left: 110.0, top: 80.0, right: 860.0, bottom: 480.0)
  /// A curve of more points is a line alone.
  private static let markedPoints = 40
  /// Colours that differ for every eye (Okabe & Ito 2008).
  private static let colours: [SIMD3<Float>] = [
    SIMD3(0, 114, 178), SIMD3(213, 94, 0), SIMD3(0, 158, 115), SIMD3(204, 121, 167), SIMD3(230, 159, 0),
    SIMD3(86, 180, 233),
  ]

  /// Curves that can be told apart.
  static var colourCount: Int { colours.count }

  /// - Parameter series: curves with at least one point together.
  public init(title: String, xLabel: String, _ series: [Series]) {
    (self.title, self.xLabel, self.series) = (title, xLabel, series)
  }

  /// Draws the chart.
  public func image() -> Image {
    var canvas = ChartCanvas(width: Self.size.width, height: Self.size.height)
    let points = series.flatMap(\.points).filter { $0.y.value.isFinite }
    let x = Axis(points.map(\.x), isPadded: false)
    let y = Axis(points.flatMap { [$0.y.low, $0.y.value, $0.y.high] }.filter(\.isFinite), isPadded: true)
    let field = Self.field
    func place(_ px: Double, _ py: Double) -> SIMD2<Float> {
      SIMD2(
        Float(field.left + x.share(px) * (field.right - field.left)),
        Float(field.bottom - y.share(py) * (field.bottom - field.top)))
    }
    let (grey, black) = (SIMD3<Float>(225, 225, 225), SIMD3<Float>(60, 60, 60))
    for tick in y.ticks {
      let at = place(x.low, tick)
      canvas.line(at, place(x.high, tick), width: 1, grey)
      canvas.text(y.text(tick), rightAt: at.x - 8, y: at.y, black)
    }
    for tick in x.ticks {
      let at = place(tick, y.low)
      canvas.line(at, at + SIMD2(0, 6), width: 1, black)
      canvas.text(x.text(tick), centredAt: at.x, y: at.y + 20, black)
    }
    canvas.line(place(x.low, y.low), place(x.high, y.low), width: 1.5, black)
    for (index, curve) in series.enumerated() {
      let colour = Self.colours[index % Self.colours.count]
      let known = curve.points.filter { $0.y.value.isFinite }
      for (a, b) in zip(known, known.dropFirst()) {
        canvas.band(
          from: (place(a.x, a.y.high), place(a.x, a.y.low)), to: (place(b.x, b.y.high), place(b.x, b.y.low)), colour)
      }
      for (a, b) in zip(known, known.dropFirst()) {
        canvas.line(place(a.x, a.y.value), place(b.x, b.y.value), width: 2.5, colour)
      }
      for point in known where known.count <= Self.markedPoints {
        canvas.line(place(point.x, point.y.low), place(point.x, point.y.high), width: 1.5, colour)
        canvas.dot(place(point.x, point.y.value), radius: 4.5, colour)
      }
    }
    legend(&canvas, black)
    canvas.text(title, at: 20, y: 24, black)
    canvas.text(xLabel, centredAt: Float((field.left + field.right) / 2), y: Float(field.bottom) + 52, black)
    return canvas.image()
  }

  /// Names of the curves above the field, in two rows where one is too short.
  private func legend(_ canvas: inout ChartCanvas, _ black: SIMD3<Float>) {
    guard series.count > 1 || !(series.first?.name ?? "").isEmpty else { return }
    var (left, y) = (Float(Self.field.left), Float(46))
    for (index, curve) in series.enumerated() {
      let colour = Self.colours[index % Self.colours.count]
      let width = 30 + ChartCanvas.width(of: curve.name)
      if left + width > Float(Self.size.width) { (left, y) = (Float(Self.field.left), y + 18) }
      canvas.line(SIMD2(left, y), SIMD2(left + 22, y), width: 3, colour)
      canvas.text(curve.name, at: left + 30, y: y, black)
      left += width + 26
    }
  }
}

/// Where numbers lie along a side of a chart.
private struct Axis {
  let low, high, step: Double

  init(_ values: [Double], isPadded: Bool) {
    var (least, most) = (values.min() ?? 0, values.max() ?? 1)
    if most - least < 1e-9 * max(abs(most), 1) { (least, most) = (least - 0.5, most + 0.5) }
    // 1, 2 or 5 times a power of ten, five to ten of them.
    let rough = (most - least) / 6
    let power = pow(10, log10(rough).rounded(.down))
    step = ([1, 2, 5].first { $0 * power >= rough } ?? 10) * power
    low = isPadded ? (least / step).rounded(.down) * step : least
    high = isPadded ? (most / step).rounded(.up) * step : most
  }

  func share(_ value: Double) -> Double { (value - low) / (high - low) }

  var ticks: [Double] {
    stride(from: (low / step).rounded(.up), through: (high / step + 1e-6).rounded(.down), by: 1).map { $0 * step }
  }

  func text(_ value: Double) -> String {
    String(format: "%.*f", max(0, -Int(log10(step).rounded(.down))), value)
  }
}
