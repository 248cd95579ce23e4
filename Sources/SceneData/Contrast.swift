/// Makes things stand out that would drown in what is behind them: a dark horse in space, a snowman in the snow.
extension Canvas {
  /// Mean colours closer than this (see ``distance(_:_:)``) are told apart by an edge.
  private static let least: Float = 0.13
  /// Two colours that are both darker than this are hard to tell apart whatever they are.
  private static let dark: Float = 0.3

  /// Draws a thin edge around where `placement` will be drawn if its colours are close to what is there: light on dark
  /// grounds, dark on light ones.
  mutating func separate(_ placement: Placement, tint: RGB) {
    let view = SpriteView(placement, tint: tint, side: side)
    var (thing, ground, cover) = (RGB.zero, RGB.zero, Float(0))
    let margin = max(1, Int((Float(side) * 0.011).rounded()))
    let (left, top) = (view.columns.lowerBound - margin, view.rows.lowerBound - margin)
    let (width, height) = (view.columns.count + 2 * margin, view.rows.count + 2 * margin)
    var mask = [Float](repeating: 0, count: width * height)
    view.visit { column, row, pixel in
      mask[(row - top) * width + column - left] = pixel.w
      thing += RGB(pixel.x, pixel.y, pixel.z)
      ground += pixels[row * side + column] * pixel.w
      cover += pixel.w
    }
    guard cover > 0, Self.isClose(thing / cover, ground / cover) else { return }
    let isDark = Self.luminance(ground / cover) < 0.55
    let edge = isDark ? RGB(hex: 0xF4F1E4) : RGB(hex: 0x5C6672)
    let grown = Self.grown(mask, width: width, by: margin)
    for row in max(0, top)..<min(side, top + height) {
      for column in max(0, left)..<min(side, left + width) {
        let alpha = grown[(row - top) * width + column - left]
        if alpha > 0 { pixels[row * side + column] = pixels[row * side + column].mixed(edge, alpha * 0.85) }
      }
    }
  }

  private static func isClose(_ a: RGB, _ b: RGB) -> Bool {
    distance(a, b) < least || max(luminance(a), luminance(b)) < dark
  }

  /// How different two colours look, about 0...1: brightness counts most.
  static func distance(_ a: RGB, _ b: RGB) -> Float {
    let d = a - b
    let light = luminance(a) - luminance(b)
    return (light * light + 0.25 * (d * d).sum() / 3).squareRoot()
  }

  private static func luminance(_ c: RGB) -> Float { 0.3 * c.x + 0.59 * c.y + 0.11 * c.z }

  /// The largest value within a disc of radius `r` around each pixel, its rim softened.
  private static func grown(_ mask: [Float], width: Int, by r: Int) -> [Float] {
    let height = mask.count / width
    var grown = mask
    let reach = Float(r) + 0.5
    for dy in -r...r {
      for dx in -r...r where dx != 0 || dy != 0 {
        let weight = min(1, reach - Float(dx * dx + dy * dy).squareRoot())
        if weight <= 0 { continue }
        for y in max(0, -dy)..<min(height, height - dy) {
          for x in max(0, -dx)..<min(width, width - dx) {
            let value = mask[(y + dy) * width + x + dx] * weight
            if value > grown[y * width + x] { grown[y * width + x] = value }
          }
        }
      }
    }
    return grown
  }
}
