import Foundation
import Images

/// A cut-out drawing, trimmed to its opaque part, in a ladder of sizes ready to be composed.
struct Sprite: Sendable {
  /// Premultiplied RGBA bytes.
  struct Level: Sendable {
    var width: Int
    var height: Int
    var pixels: [UInt8]
  }

  /// From full size downwards, each 1/√2 of the one before in both directions.
  let levels: [Level]
  let colour: String?
  let weight: Float
  let repaint: Tone?
  let recolourable: Bool
  let main: MainColour
  /// The folder it is in: whose hand drew it.
  let set: String
  /// The side it looks to before it is mirrored.
  let facing: SceneDescription.Facing?
  /// Whether it shows a face alone.
  let isFace: Bool
  /// Left and right end of what touches the ground, as fractions of the width.
  let foot: SIMD2<Float>
  /// Where something can stand on it: across its width, and how far below its upper edge, as fractions of its size.
  let seat: SIMD2<Float>

  var width: Float { Float(levels[0].width) }
  var height: Float { Float(levels[0].height) }

  /// Loads and pre-scales one sprite.
  init(
    _ name: SceneVocabulary.SpriteName, isFace: Bool = false, hue: SIMD2<Float>?, directory: URL
  ) throws(SceneDataError) {
    let url = directory.appendingPathComponent(name.file)
    let image: Image
    do {
      image = try ImageFile.load(url)
    } catch {
      throw .unreadableSprite(path: url.path, reason: "\(error)")
    }
    var pixels = image.converted(toChannels: 4).pixels
    main = MainColour(pixels: pixels, hue: hue)
    for start in stride(from: 0, to: pixels.count, by: 4) {
      let alpha = Int(pixels[start + 3])
      for c in start..<start + 3 { pixels[c] = UInt8((Int(pixels[c]) * alpha + 127) / 255) }
    }
    var level = Level(width: image.width, height: image.height, pixels: pixels)
    if name.turn != 0 { level = level.turned(by: name.turn) }
    guard let trimmed = level.trimmed() else {
      throw .unreadableSprite(path: url.path, reason: "it has no opaque pixel")
    }
    var ladder = [trimmed]
    var scale: Float = 1
    while min(Float(trimmed.width), Float(trimmed.height)) * scale > 12, ladder.count < 8 {
      scale *= Float(0.5).squareRoot()
      ladder.append(trimmed.reduced(by: scale))
    }
    levels = ladder
    set = name.set
    facing = name.facing
    self.isFace = isFace
    colour = name.colour
    weight = name.weight
    repaint = name.repaint.flatMap { Tone.all[$0] }
    recolourable = name.recolourable
    foot = trimmed.foot()
    seat = trimmed.seat()
  }
}

extension Sprite.Level {
  /// Cuts away the transparent border; nil if nothing is opaque.
  func trimmed() -> Self? {
    var (left, top, right, bottom) = (width, height, -1, -1)
    for y in 0..<height {
      for x in 0..<width where pixels[(y * width + x) * 4 + 3] > 40 {
        left = min(left, x)
        right = max(right, x)
        top = min(top, y)
        bottom = max(bottom, y)
      }
    }
    guard right >= left else { return nil }
    var cut: [UInt8] = []
    for y in top...bottom {
      cut += pixels[(y * width + left) * 4..<(y * width + right + 1) * 4]
    }
    return .init(width: right - left + 1, height: bottom - top + 1, pixels: cut)
  }

  /// Scales down by averaging the area under each new pixel.
  func reduced(by scale: Float) -> Self {
    let (w, h) = (max(1, Int(Float(width) * scale)), max(1, Int(Float(height) * scale)))
    let (stepX, stepY) = (Float(width) / Float(w), Float(height) / Float(h))
    var out = [UInt8](repeating: 0, count: w * h * 4)
    for y in 0..<h {
      let (y0, y1) = (Float(y) * stepY, Float(y + 1) * stepY)
      for x in 0..<w {
        let (x0, x1) = (Float(x) * stepX, Float(x + 1) * stepX)
        var sum = SIMD4<Float>.zero
        for v in Int(y0)..<min(height, Int(y1.rounded(.up))) {
          let share = min(y1, Float(v + 1)) - max(y0, Float(v))
          for u in Int(x0)..<min(width, Int(x1.rounded(.up))) {
            sum += self[u, v] * (share * (min(x1, Float(u + 1)) - max(x0, Float(u))))
          }
        }
        sum = (sum / (stepX * stepY)).rounded(.toNearestOrAwayFromZero)
        for c in 0..<4 { out[(y * w + x) * 4 + c] = UInt8(max(0, min(255, sum[c]))) }
      }
    }
    return .init(width: w, height: h, pixels: out)
  }

  /// Turns clockwise about the middle, on a canvas large enough.
  func turned(by degrees: Float) -> Self {
    let (s, c) = (sin(degrees * .pi / 180), cos(degrees * .pi / 180))
    let side = Int((Float(width * width + height * height)).squareRoot().rounded(.up))
    var out = [UInt8](repeating: 0, count: side * side * 4)
    for y in 0..<side {
      for x in 0..<side {
        let (dx, dy) = (Float(x) + 0.5 - Float(side) / 2, Float(y) + 0.5 - Float(side) / 2)
        let u = c * dx + s * dy + Float(width) / 2 - 0.5
        let v = c * dy - s * dx + Float(height) / 2 - 0.5
        let (left, top) = (Int(u.rounded(.down)), Int(v.rounded(.down)))
        let (a, b) = (u - Float(left), v - Float(top))
        let sum =
          (at(left, top) * (1 - a) + at(left + 1, top) * a) * (1 - b)
          + (at(left, top + 1) * (1 - a) + at(left + 1, top + 1) * a) * b
        for k in 0..<4 { out[(y * side + x) * 4 + k] = UInt8(max(0, min(255, sum[k] + 0.5))) }
      }
    }
    return .init(width: side, height: side, pixels: out)
  }

  /// Left and right end of the lowest tenth, as fractions of the width.
  func foot() -> SIMD2<Float> {
    var (left, right) = (width, -1)
    for y in min(height - 1, height * 9 / 10)..<height {
      for x in 0..<width where pixels[(y * width + x) * 4 + 3] > 128 {
        left = min(left, x)
        right = max(right, x)
      }
    }
    guard right >= left else { return [0.2, 0.8] }
    return [Float(left) / Float(width), Float(right + 1) / Float(width)]
  }

  /// Where the upper outline is evenest within reach of the top, a third of the width across.
  func seat() -> SIMD2<Float> {
    let tops = (0..<width).map { x in
      Float((0..<height).first { pixels[($0 * width + x) * 4 + 3] > 128 } ?? height) / Float(height)
    }
    let span = max(1, width / 3)
    var best = (cost: Float.infinity, place: SIMD2<Float>(0.5, 0))
    for left in stride(from: 0, through: width - span, by: max(1, width / 40)) {
      let part = tops[left..<left + span]
      let (high, low) = (part.min() ?? 0, part.max() ?? 0)
      let middle = (Float(left) + Float(span) / 2) / Float(width)
      let cost = (low - high) * 2 + high + abs(middle - 0.5) * 0.3
      if cost < best.cost { best = (cost, [middle, part.reduce(0, +) / Float(span)]) }
    }
    return best.place
  }

  private subscript(x: Int, y: Int) -> SIMD4<Float> {
    let i = (y * width + x) * 4
    return SIMD4(
      Float(pixels[i]), Float(pixels[i + 1]), Float(pixels[i + 2]), Float(pixels[i + 3]))
  }

  private func at(_ x: Int, _ y: Int) -> SIMD4<Float> {
    x >= 0 && y >= 0 && x < width && y < height ? self[x, y] : .zero
  }
}
