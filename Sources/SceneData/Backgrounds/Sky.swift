import Foundation

/// Skies, by day, at night and at sunset.
extension Scenery {
  /// Fills the picture with a sky that ends at `horizon`.
  mutating func sky(horizon: Float, clouds: Bool = true) {
    switch light {
    case .day: daySky(horizon, clouds)
    case .night: nightSky(horizon, stars: 40)
    case .sunset: sunsetSky(horizon, clouds)
    case .rain: rainSky(horizon)
    }
  }

  private mutating func daySky(_ horizon: Float, _ clouds: Bool) {
    let top = RGB(hex: 0x5BA9EC).mixed(RGB(hex: 0x7CC4F5), random.unit())
    let low = RGB(hex: 0xCFEBFB).mixed(RGB(hex: 0xEAF6FD), random.unit())
    canvas.fill { _, y in top.mixed(low, min(1, y / horizon)) }
    if random.chance(0.35) {
      let x = random.chance(0.5) ? random.number(0.08...0.22) : random.number(0.78...0.92)
      let y = random.number(0.08...0.18)
      canvas.glow(x, y, 0.2, RGB(hex: 0xFFF6C8), opacity: 0.8)
      canvas.ellipse(x, y, 0.065, 0.065, RGB(hex: 0xFFE27A))
    }
    if clouds { drawClouds(horizon, RGB(repeating: 1), opacity: 0.85) }
  }

  mutating func drawClouds(_ horizon: Float, _ colour: RGB, opacity: Float) {
    for _ in 0..<random.index(4) {
      let (x, y) = (random.unit(), random.number(0.06...max(0.08, horizon * 0.55)))
      let size = random.number(0.05...0.09)
      canvas.ellipse(x, y, size * 1.9, size * 0.55, colour, opacity: opacity, blur: 0.012)
      canvas.ellipse(
        x - size * 0.5, y - size * 0.3, size * 0.8, size * 0.65, colour, opacity: opacity,
        blur: 0.012)
      canvas.ellipse(
        x + size * 0.5, y - size * 0.42, size * 0.75, size * 0.75, colour, opacity: opacity,
        blur: 0.012)
    }
  }

  /// A dark sky with stars and most often a moon.
  mutating func nightSky(_ horizon: Float, stars: Int, moon: Bool = true) {
    let top = RGB(hex: 0x0A1033).mixed(RGB(hex: 0x101B4A), random.unit())
    let low = RGB(hex: 0x27366F).mixed(RGB(hex: 0x3A4485), random.unit())
    canvas.fill { _, y in top.mixed(low, min(1, y / horizon)) }
    drawStars(stars, to: horizon)
    if moon, random.chance(0.7) {
      let x = random.chance(0.5) ? random.number(0.1...0.24) : random.number(0.76...0.9)
      drawMoon(x, random.number(0.1...0.18), random.number(0.06...0.085), sky: top)
    }
  }

  /// Scatters stars down to `bottom`.
  mutating func drawStars(_ count: Int, to bottom: Float) {
    for _ in 0..<count {
      let (x, y) = (random.unit(), random.unit() * bottom)
      let size = random.number(0.003...0.0075)
      let colour = RGB(hex: 0xFFFFFF).mixed(RGB(hex: 0xFFE9A8), random.unit())
      canvas.ellipse(x, y, size, size, colour, opacity: random.number(0.6...1))
    }
  }

  private mutating func drawMoon(_ x: Float, _ y: Float, _ r: Float, sky: RGB) {
    canvas.glow(x, y, r * 2.6, RGB(hex: 0xC9D4FF), opacity: 0.45)
    canvas.ellipse(x, y, r, r, RGB(hex: 0xF6F1D3))
    if random.chance(0.5) {
      canvas.ellipse(
        x + r * 0.5, y - r * 0.2, r * 0.82, r * 0.82, sky.mixed(RGB(hex: 0x27366F), 0.3))
    } else {
      for _ in 0..<3 {
        let angle = random.number(0...(2 * .pi))
        let far = random.number(0.2...0.6) * r
        canvas.ellipse(
          x + cos(angle) * far, y + sin(angle) * far, r * 0.18, r * 0.18, RGB(hex: 0xDDD6B0))
      }
    }
  }

  private mutating func sunsetSky(_ horizon: Float, _ clouds: Bool) {
    let top = RGB(hex: 0x5B4A8F).mixed(RGB(hex: 0x7A4E96), random.unit())
    let middle = RGB(hex: 0xF0766A).mixed(RGB(hex: 0xE8688A), random.unit())
    let low = RGB(hex: 0xFFC46B).mixed(RGB(hex: 0xFFD98A), random.unit())
    canvas.fill { _, y in
      let t = min(1, y / horizon)
      return t < 0.55 ? top.mixed(middle, t / 0.55) : middle.mixed(low, (t - 0.55) / 0.45)
    }
    let x = random.number(0.15...0.85)
    let y = horizon - random.number(0...0.07)
    canvas.glow(x, y, 0.42, RGB(hex: 0xFFE9A0), opacity: 0.7)
    canvas.ellipse(x, y, 0.095, 0.095, RGB(hex: 0xFFF0B0))
    if clouds { drawClouds(horizon * 0.7, RGB(hex: 0xFFB59A), opacity: 0.6) }
  }

  /// Nothing but sky.
  mutating func skyOnly() -> Stage {
    switch light {
    case .night: nightSky(1.1, stars: 75)
    case .sunset: sunsetSky(1.02, true)
    case .rain: rainSky(1.1)
    case .day:
      daySky(1.1, true)
      drawClouds(1.5, RGB(repeating: 1), opacity: 0.85)
    }
    return Stage(tint: light == .night ? RGB(0.8, 0.82, 0.95) : tint, shadow: 0)
  }

  /// Black space with stars, clouds of gas and perhaps a planet.
  mutating func space() -> Stage {
    let noise = Noise(&random)
    let gas = random.choice([RGB(hex: 0x4A2C7A), RGB(hex: 0x1F3F86), RGB(hex: 0x6A2560)])
    let black = RGB(hex: 0x07071A)
    let (sx, sy) = (random.number(1.5...3), random.number(1.5...3))
    canvas.fill { x, y in
      let cloud = noise(x * sx, y * sy) * 0.65 + noise(x * sx * 2.3 + 7, y * sy * 2.3) * 0.35
      return black.mixed(gas, smooth(-0.2, 0.9, cloud) * 0.8)
    }
    drawStars(90, to: 1)
    if random.chance(0.6) {
      let (x, y) = (
        random.chance(0.5) ? random.number(0.05...0.2) : random.number(0.8...0.95),
        random.number(0.08...0.9)
      )
      planet(x, y, random.number(0.06...0.12))
    }
    return Stage(tint: RGB(0.97, 0.97, 1), shadow: 0)
  }

  private mutating func planet(_ x: Float, _ y: Float, _ r: Float) {
    let colour = random.choice([
      RGB(hex: 0xE07A4F), RGB(hex: 0x4FA3E0), RGB(hex: 0xD8B26A), RGB(hex: 0x7FC8A9),
    ])
    canvas.ellipse(x, y, r, r, colour * 0.7)
    canvas.ellipse(x - r * 0.12, y - r * 0.12, r * 0.84, r * 0.84, colour, blur: r * 0.3)
    if random.chance(0.5) {
      canvas.ellipse(x, y, r * 1.7, r * 0.2, RGB(hex: 0xE8D9B8), opacity: 0.75)
      canvas.ellipse(x, y - r * 0.22, r * 0.98, r * 0.24, colour)
    }
  }
}
