import Foundation

/// The moon, a table, a street and the bottom of the sea.
extension Scenery {
  /// Grey ground with craters under a black sky.
  mutating func moon() -> Stage {
    let horizon = random.number(0.5...0.62)
    let night = RGB(hex: 0x0A0B22).mixed(RGB(hex: 0x14122E), random.unit())
    canvas.fill { _, y in night * (1 + y * 0.5) }
    drawStars(60, to: horizon)
    if random.chance(0.4) {
      let x = random.chance(0.5) ? random.number(0.1...0.2) : random.number(0.8...0.9)
      let (y, r) = (random.number(0.1...0.2), random.number(0.06...0.09))
      canvas.glow(x, y, r * 1.6, RGB(hex: 0x6FB2FF), opacity: 0.5)
      canvas.ellipse(x, y, r, r, RGB(hex: 0x3B7FD6))
      canvas.ellipse(x - r * 0.3, y - r * 0.2, r * 0.4, r * 0.35, RGB(hex: 0x5DB36A))
      canvas.ellipse(x + r * 0.35, y + r * 0.3, r * 0.32, r * 0.28, RGB(hex: 0x5DB36A))
    }
    let noise = Noise(&random)
    let light = RGB(hex: 0xC9CACF).mixed(RGB(hex: 0xBDBEC8), random.unit())
    let dark = RGB(hex: 0x8F9099).mixed(RGB(hex: 0x9A98A0), random.unit())
    let bend = random.number(0.03...0.1)
    let edge = { (x: Float) in horizon + (x - 0.5) * (x - 0.5) * bend * 4 }
    canvas.ground(below: edge) { x, y in
      let texture = noise(x * 9, y * 14) * 0.05 + noise(x * 40, y * 50) * 0.02
      return light.mixed(dark, (y - horizon) / (1 - horizon)) * (1 + texture)
    }
    for _ in 0..<(7 + random.index(5)) {
      let y = random.number((horizon + bend + 0.05)...1)
      let r = (0.018 + (y - horizon) * 0.14) * random.number(0.6...1.3)
      let x = random.unit()
      canvas.ellipse(x, y + r * 0.05, r * 1.14, r * 0.5, light * 1.06, opacity: 0.9)
      canvas.ellipse(x, y, r, r * 0.4, dark * 0.72)
      canvas.ellipse(x, y + r * 0.07, r * 0.88, r * 0.3, dark * 0.88)
    }
    return Stage(floor: (horizon + 0.2)...0.93, tint: RGB(repeating: 0.98), shadow: 0.45)
  }

  /// A wooden table before a wall.
  mutating func table() -> Stage {
    let wall = random.choice([
      RGB(hex: 0xF3E6CC), RGB(hex: 0xD9E8DC), RGB(hex: 0xD6E4F0), RGB(hex: 0xF2D9D3),
      RGB(hex: 0xE9E1EF),
    ])
    let floor = wall.mixed(RGB(hex: 0x9C7B5A), 0.55)
    canvas.fill { _, y in y < 0.88 ? wall * (1.02 - y * 0.1) : floor }
    canvas.rectangle(0, 0.865, 1, 0.885, wall * 0.82)
    let (back, front) = (random.number(0.6...0.65), random.number(0.82...0.86))
    let wood = random.choice([
      RGB(hex: 0xB9793F), RGB(hex: 0xA5673A), RGB(hex: 0xC98D52), RGB(hex: 0x8E5A35),
    ])
    let thick: Float = 0.055
    for x: Float in [0.07, 0.86] {
      canvas.rectangle(x, front, x + 0.07, 1, wood * 0.62)
    }
    let noise = Noise(&random)
    let sharp = Float(canvas.side)
    canvas.ground(from: back, to: front) { x, y in
      // The top narrows towards the wall; what it leaves free is wall.
      let inset = 0.1 * (front - y) / (front - back)
      let cover = min(1, max(0, min(x - inset, 1 - inset - x) * sharp + 0.5))
      let grain = noise(x * 5, y * 90) * 0.05 + noise(x * 2, y * 30 + 9) * 0.05
      let lit = wood * (1.08 + grain - 0.1 * (front - y) / (front - back))
      return (wall * (1.02 - y * 0.1)).mixed(lit, cover)
    }
    canvas.rectangle(0, front, 1, front + thick, wood * 0.78)
    return Stage(floor: (back + 0.07)...(front - 0.03), shadow: 0.4)
  }

  /// A road before a row of buildings.
  mutating func street() -> Stage {
    let horizon: Float = 0.6
    sky(horizon: horizon)
    let shade = groundTint
    var x = random.number(-0.1...0)
    while x < 1 {
      let (w, top) = (random.number(0.13...0.22), random.number(0.2...0.42))
      let wall = random.choice([
        RGB(hex: 0xC9A58C), RGB(hex: 0xA9B7C6), RGB(hex: 0xD8C7A8), RGB(hex: 0xB58A86),
        RGB(hex: 0x9FB3A4),
      ])
      building(x, top, x + w, horizon, wall * shade)
      x += w + random.number(0...0.015)
    }
    let road = RGB(hex: 0x6B6E76).mixed(RGB(hex: 0x5B5E68), random.unit()) * shade
    canvas.rectangle(0, horizon, 1, horizon + 0.07, RGB(hex: 0xC4C4C0) * shade)
    canvas.rectangle(0, horizon + 0.06, 1, horizon + 0.075, RGB(hex: 0x8C8C8A) * shade)
    canvas.ground(from: horizon + 0.075) { _, y in road * (1.08 - (y - 0.6) * 0.3) }
    let start = random.number(-0.15...0)
    for i in 0..<5 {
      let x = start + Float(i) * 0.27
      canvas.rectangle(
        x, 0.9, x + 0.15, 0.925, RGB(hex: 0xF2EFDF) * shade.mixed(RGB(repeating: 1), 0.3))
    }
    return outdoors(floor: 0.78...0.92, shadow: 0.42)
  }

  private mutating func building(
    _ left: Float, _ top: Float, _ right: Float, _ bottom: Float, _ wall: RGB
  ) {
    canvas.rectangle(left, top, right, bottom, wall)
    let dark = wall * 0.72
    let lamp = RGB(hex: 0xFFDF7E)
    var y = top + 0.035
    while y < bottom - 0.06 {
      var x = left + 0.025
      while x + 0.025 < right - 0.01 {
        let lit = light != .day && random.chance(0.5)
        canvas.rectangle(x, y, x + 0.025, y + 0.035, lit ? lamp : dark)
        x += 0.048
      }
      y += 0.065
    }
  }

  /// Blue water with light from above.
  mutating func underwater() -> Stage {
    let top = RGB(hex: 0x6FD0E8).mixed(RGB(hex: 0x7BC8F0), random.unit())
    let bottom = RGB(hex: 0x12508F).mixed(RGB(hex: 0x0F5F86), random.unit())
    let (a, b) = (random.number(0...6), random.number(0.2...0.5))
    canvas.fill { x, y in
      let ray = max(0, sin((x + y * b) * 17 + a) * sin((x + y * b) * 7 + a * 2))
      return top.mixed(bottom, y).mixed(RGB(repeating: 1), ray * 0.22 * (1 - y))
    }
    let sandy = random.chance(0.7)
    if sandy {
      let c = random.number(0...6)
      let sand = RGB(hex: 0xC9B27C).mixed(bottom, 0.25)
      let bed = { (x: Float) in 0.88 + sin(x * 6 + c) * 0.02 }
      canvas.ground(below: bed) { _, y in
        sand * (1.25 - y * 0.3)
      }
    }
    for _ in 0..<(2 + random.index(4)) {
      let x = random.chance(0.5) ? random.number(0.02...0.2) : random.number(0.8...0.98)
      let weed = random.choice([RGB(hex: 0x2F8F5B), RGB(hex: 0x3FA56A), RGB(hex: 0xB4566E)])
      let (tall, lean) = (random.number(0.12...0.3), random.number(0...6))
      var (px, py) = (x, Float(0.97))
      for step in 1...6 {
        let t = Float(step) / 6
        let (nx, ny) = (x + sin(t * 5 + lean) * 0.02, 0.97 - tall * t)
        canvas.stroke(px, py, nx, ny, width: 0.024 * (1.1 - t), weed)
        (px, py) = (nx, ny)
      }
    }
    for _ in 0..<(5 + random.index(8)) {
      let (x, y, r) = (random.unit(), random.number(0.05...0.85), random.number(0.008...0.02))
      canvas.ellipse(x, y, r, r, RGB(hex: 0xE4F8FF), opacity: 0.55)
      canvas.ellipse(x, y, r * 0.7, r * 0.7, top.mixed(bottom, y), opacity: 0.6)
    }
    return Stage(floor: 0.86...0.93, tint: RGB(0.93, 0.98, 1), shadow: 0)
  }
}
