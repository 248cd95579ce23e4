/// A colour word as hue (degrees), saturation and value (0...1) of the average recoloured pixel.
struct Tone: Sendable {
  var hue: Float
  var saturation: Float
  var value: Float

  static let all: [String: Tone] = [
    "red": .init(hue: 358, saturation: 0.82, value: 0.87),
    "orange": .init(hue: 28, saturation: 0.85, value: 0.97),
    "yellow": .init(hue: 50, saturation: 0.8, value: 0.98),
    "green": .init(hue: 118, saturation: 0.65, value: 0.7),
    "blue": .init(hue: 214, saturation: 0.75, value: 0.88),
    "purple": .init(hue: 275, saturation: 0.58, value: 0.74),
    "pink": .init(hue: 333, saturation: 0.45, value: 0.98),
    "brown": .init(hue: 22, saturation: 0.6, value: 0.52),
    "black": .init(hue: 225, saturation: 0.12, value: 0.22),
    "grey": .init(hue: 220, saturation: 0.05, value: 0.6),
    "white": .init(hue: 40, saturation: 0.04, value: 0.94),
  ]
}

/// The main colour of a sprite: which hues recolouring replaces, and their average tone.
struct MainColour: Sendable {
  /// Centre and half width in degrees; a half width above 180: whatever is not dark, greys included.
  var hue: SIMD2<Float>
  var saturation: Float
  var value: Float

  /// Finds the main colour of straight RGBA pixels; `hue` overrides the search.
  init(pixels: [UInt8], hue fixed: SIMD2<Float>?) {
    let isEverything = (fixed?.y ?? 0) > 180
    var histogram = [Float](repeating: 0, count: 36)
    var tones: [(SIMD3<Float>, Float)] = []
    for start in stride(from: 0, to: pixels.count, by: 4) where pixels[start + 3] > 127 {
      let rgb =
        SIMD3(
          Float(pixels[start]), Float(pixels[start + 1]), Float(pixels[start + 2])) / 255
      let hsv = Self.hsv(rgb)
      let weight = isEverything ? hsv.z : hsv.y * hsv.z
      histogram[Int(hsv.x / 10) % 36] += weight
      tones.append((hsv, weight))
    }
    let smooth = (0..<36).map { (bin: Int) -> Float in
      let sides: Float = histogram[(bin + 35) % 36] + histogram[(bin + 1) % 36]
      return sides + histogram[bin] * 2
    }
    let peak = (0..<36).max { smooth[$0] < smooth[$1] } ?? 0
    hue = fixed ?? [Float(peak) * 10 + 5, 45]
    var sum = SIMD3<Float>(0, 0, 1e-6)
    for (hsv, weight) in tones {
      let share = Self.share(hsv, hue) * weight
      sum += SIMD3(hsv.y, hsv.z, 1) * share
    }
    saturation = max(0.05, sum.x / sum.z)
    value = max(0.05, sum.y / sum.z)
  }

  /// How much (0...1) of a pixel belongs to the main colour.
  @inline(__always)
  static func share(_ hsv: SIMD3<Float>, _ hue: SIMD2<Float>) -> Float {
    if hue.y > 180 { return min(1, max(0, (hsv.z - 0.2) / 0.15)) }
    var distance = abs(hsv.x - hue.x)
    distance = min(distance, 360 - distance)
    let near = min(1, max(0, (hue.y + 8 - distance) / 8))
    return near * min(1, max(0, (hsv.y * hsv.z - 0.06) / 0.1))
  }

  /// Replaces the main colour in one straight RGB pixel (0...1) by `tone`, keeping its shading.
  @inline(__always)
  func recolour(_ rgb: SIMD3<Float>, _ tone: Tone) -> SIMD3<Float> {
    let hsv = Self.hsv(rgb)
    let share = Self.share(hsv, hue)
    if share == 0 { return rgb }
    if hue.y > 180 {
      // Greys have no hue and little saturation of their own: their shading alone is kept.
      let light = hsv.z / value
      let pale = tone.saturation * min(1, max(0.25, 1.6 - 0.6 * light))
      let new = Self.rgb(SIMD3(tone.hue, pale, min(1, light * tone.value)))
      return rgb + (new - rgb) * share
    }
    var shift = hsv.x - hue.x
    if shift > 180 { shift -= 360 }
    if shift < -180 { shift += 360 }
    var target = tone.hue + shift * 0.25
    if target < 0 { target += 360 }
    if target >= 360 { target -= 360 }
    let new = Self.rgb(
      SIMD3(
        target, min(1, hsv.y * tone.saturation / saturation), min(1, hsv.z * tone.value / value)))
    return rgb + (new - rgb) * share
  }

  /// RGB (0...1) to hue in degrees, saturation, value.
  @inline(__always)
  static func hsv(_ c: SIMD3<Float>) -> SIMD3<Float> {
    let top = max(c.x, max(c.y, c.z))
    let spread = top - min(c.x, min(c.y, c.z))
    if spread <= 1e-5 { return SIMD3(0, 0, top) }
    var hue: Float
    if top == c.x {
      hue = (c.y - c.z) / spread
    } else if top == c.y {
      hue = 2 + (c.z - c.x) / spread
    } else {
      hue = 4 + (c.x - c.y) / spread
    }
    if hue < 0 { hue += 6 }
    return SIMD3(hue * 60, spread / top, top)
  }

  /// Hue in degrees, saturation, value to RGB (0...1).
  @inline(__always)
  static func rgb(_ c: SIMD3<Float>) -> SIMD3<Float> {
    let position = SIMD3<Float>(5, 3, 1) + c.x / 60
    let k = position - (position / 6).rounded(.down) * 6
    var weight = SIMD3<Float>.zero
    for i in 0..<3 { weight[i] = max(0, min(1, min(k[i], 4 - k[i]))) }
    return c.z * (SIMD3(repeating: 1) - weight * c.y)
  }
}
