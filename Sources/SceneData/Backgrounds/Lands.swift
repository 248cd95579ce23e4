import Foundation

/// Grounds under an open sky.
extension Scenery {
  /// A grassy field.
  mutating func meadow() -> Stage {
    let horizon = random.number(0.5...0.62)
    sky(horizon: horizon)
    let shade = groundTint
    let (a, b) = (random.number(0...6), random.number(0...6))
    let far = RGB(hex: 0x8CC56A) * shade
    let farHills = { (x: Float) in horizon - 0.035 + sin(x * 5 + a) * 0.03 }
    canvas.ground(below: farHills) { _, _ in far }
    let top = RGB(hex: 0x7CC24E).mixed(RGB(hex: 0x8FCB5A), random.unit()) * shade
    let bottom = RGB(hex: 0x4C9A35).mixed(RGB(hex: 0x5AA53A), random.unit()) * shade
    let nearHills = { (x: Float) in horizon + 0.03 + sin(x * 3 + b) * 0.02 }
    canvas.ground(below: nearHills) { _, y in
      top.mixed(bottom, (y - horizon) / (1 - horizon))
    }
    for _ in 0..<34 {
      let (x, y) = (random.unit(), random.number((horizon + 0.08)...1))
      let size = 0.008 + (y - horizon) * 0.05
      let blade = (random.chance(0.5) ? RGB(hex: 0x3E8A2C) : RGB(hex: 0x9AD668)) * shade
      canvas.stroke(x, y, x - size * 0.4, y - size, width: 0.006, blade, opacity: 0.8)
      canvas.stroke(x, y, x + size * 0.5, y - size, width: 0.006, blade, opacity: 0.8)
    }
    if random.chance(0.35) {
      let petal = random.choice([RGB(hex: 0xFFFFFF), RGB(hex: 0xFFE066), RGB(hex: 0xFF9EBB)])
      for _ in 0..<8 {
        let (x, y) = (random.unit(), random.number((horizon + 0.1)...0.99))
        canvas.ellipse(x, y, 0.01, 0.01, petal * tint)
      }
    }
    return outdoors(floor: (horizon + 0.2)...0.93, shadow: 0.3)
  }

  /// Snowy hills.
  mutating func snow() -> Stage {
    let horizon = random.number(0.5...0.62)
    sky(horizon: horizon)
    let shade =
      switch light {
      case .day: RGB(repeating: 1)
      case .night: RGB(0.42, 0.48, 0.7)
      case .sunset: RGB(1, 0.84, 0.82)
      case .rain: groundTint
      }
    let (a, b) = (random.number(0...6), random.number(0...6))
    let far = RGB(hex: 0xCFE0EE) * shade
    let farHills = { (x: Float) in horizon - 0.05 + sin(x * 5.5 + a) * 0.04 }
    canvas.ground(below: farHills) { _, _ in far }
    let top = RGB(hex: 0xE6F0F8) * shade
    let bottom = RGB(hex: 0xFAFCFE) * shade
    let noise = Noise(&random)
    let nearHills = { (x: Float) in horizon + 0.03 + sin(x * 3.2 + b) * 0.025 }
    canvas.ground(below: nearHills) { x, y in
      top.mixed(bottom, (y - horizon) / (1 - horizon)) * (1 + noise(x * 5, y * 16) * 0.025)
    }
    if random.chance(0.6) {
      for _ in 0..<38 {
        let size = random.number(0.004...0.009)
        canvas.ellipse(
          random.unit(), random.unit(), size, size, RGB(repeating: 1), opacity: 0.9)
      }
    }
    return outdoors(floor: (horizon + 0.2)...0.93, shadow: 0.22)
  }

  /// Sand dunes.
  mutating func desert() -> Stage {
    let horizon = random.number(0.48...0.6)
    sky(horizon: horizon, clouds: false)
    let shade = sandTint
    let (a, b) = (random.number(0...6), random.number(0...6))
    let far = RGB(hex: 0xE0A85C) * shade
    let farDunes = { (x: Float) in horizon - 0.04 + abs(sin(x * 3 + a)) * 0.09 - 0.04 }
    canvas.ground(below: farDunes) { _, _ in
      far
    }
    let top = RGB(hex: 0xF2C878).mixed(RGB(hex: 0xEFC06C), random.unit()) * shade
    let bottom = RGB(hex: 0xDDA04E) * shade
    let ripple = random.number(60...90)
    let nearDunes = { (x: Float) in horizon + 0.05 + sin(x * 3.4 + b) * 0.035 }
    canvas.ground(below: nearDunes) { x, y in
      let wave = sin((y + sin(x * 4 + b) * 0.025) * ripple)
      return top.mixed(bottom, (y - horizon) / (1 - horizon)) * (1 + wave * 0.02)
    }
    return outdoors(floor: (horizon + 0.2)...0.93)
  }

  /// A beach with the sea behind it.
  mutating func beach() -> Stage {
    let horizon = random.number(0.3...0.42)
    let shore = horizon + random.number(0.17...0.24)
    sky(horizon: horizon)
    water(from: horizon, to: shore + 0.05)
    let shade = sandTint
    let (a, f) = (random.number(0...6), random.number(5...9))
    let edge = { (x: Float) in shore + sin(x * f + a) * 0.014 + sin(x * f * 2.3) * 0.006 }
    let foam = RGB(hex: 0xF6FBFF).mixed(RGB(hex: 0xF6FBFF) * shade, 0.8)
    let foamEdge = { (x: Float) in edge(x) - 0.02 }
    canvas.ground(below: foamEdge, opacity: 0.9) { _, _ in foam }
    let wet = RGB(hex: 0xD9B779) * shade
    let dry = RGB(hex: 0xF4DCA2).mixed(RGB(hex: 0xF0D596), random.unit()) * shade
    let noise = Noise(&random)
    canvas.ground(below: edge) { x, y in
      wet.mixed(dry, smooth(shore, shore + 0.12, y)) * (1 + noise(x * 60, y * 60) * 0.03)
    }
    return outdoors(floor: (shore + 0.14)...0.93)
  }

  /// Open water to the lower edge.
  mutating func sea() -> Stage {
    let horizon = random.number(0.34...0.46)
    sky(horizon: horizon)
    let near = water(from: horizon, to: 1)
    var stage = outdoors(floor: (horizon + 0.28)...0.86, shadow: 0)
    stage.water = near
    return stage
  }

  /// Draws a band of water and returns its near colour.
  @discardableResult
  private mutating func water(from top: Float, to bottom: Float) -> RGB {
    let shade = light == .sunset ? RGB(repeating: 1) : groundTint
    var far = RGB(hex: 0x4FB0DC).mixed(RGB(hex: 0x3D9BD2), random.unit()) * shade
    var near = RGB(hex: 0x2A7FBE).mixed(RGB(hex: 0x2C95B8), random.unit()) * shade
    if light == .sunset {
      far = far.mixed(RGB(hex: 0xF79A7E), 0.7)
      near = near.mixed(RGB(hex: 0x6A4C9A), 0.55)
    }
    canvas.ground(from: top, to: bottom) { _, y in
      far.mixed(near, (y - top) / (bottom - top))
    }
    let crest = RGB(hex: 0xBFE4F5).mixed(RGB(hex: 0xBFE4F5) * shade, 0.75)
    for _ in 0..<Int(14 + (bottom - top) * 26) {
      let y = random.number((top + 0.01)...bottom)
      let length = 0.02 + (y - top) * 0.12 * random.number(0.6...1.2)
      let x = random.unit()
      canvas.stroke(x, y, x + length, y, width: 0.007, crest, opacity: 0.55)
    }
    return near
  }

  /// Hides the lower rim of a floating thing behind a wave.
  mutating func wave(
    _ x: Float, _ half: Float, at level: Float, depth tall: Float, colour: RGB
  ) {
    let phase = random.number(0...6)
    let crest = colour.mixed(RGB(repeating: 1), light == .night ? 0.3 : 0.6)
    let side = Float(canvas.side)
    for column in 0..<canvas.side {
      let u = (Float(column) + 0.5) / side
      let distance = abs(u - x) / half
      guard distance < 1.25 else { continue }
      let fade = 1 - smooth(0.95, 1.25, distance)
      let top = level + sin(u * 34 + phase) * 0.009
      for row in max(0, Int(top * side))..<min(canvas.side, Int((top + tall) * side)) {
        let depth = (Float(row) + 0.5) / side - top
        let cover = min(1, max(0, depth * side + 0.5)) * (1 - smooth(tall - 0.025, tall, depth))
        let i = row * canvas.side + column
        let tone = colour.mixed(crest, 1 - smooth(0.006, 0.016, depth))
        canvas.pixels[i] = canvas.pixels[i].mixed(tone, cover * fade)
      }
    }
  }
}
