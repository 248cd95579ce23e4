import Foundation

/// A forest, mountains and a room.
extension Scenery {
  /// Tall trunks before darker ones, on a mossy ground.
  mutating func forest() -> Stage {
    let horizon = random.number(0.54...0.62)
    sky(horizon: horizon, clouds: false)
    let shade = groundTint
    let far = RGB(hex: 0x7FB08A).mixed(RGB(hex: 0x6FA383), random.unit()) * shade
    let (a, b) = (random.number(0...6), random.number(0...6))
    let crowns = { (x: Float) in 0.2 + sin(x * 9 + a) * 0.035 + sin(x * 23 + b) * 0.025 }
    canvas.ground(below: crowns, to: horizon + 0.05) { _, y in far * (1.05 - y * 0.35) }
    for _ in 0..<9 { trunk(random.unit(), horizon + 0.03, random.number(0.018...0.028), far * 0.72) }
    let top = RGB(hex: 0x5C9A4A).mixed(RGB(hex: 0x6BA04E), random.unit()) * shade
    let bottom = RGB(hex: 0x34702F).mixed(RGB(hex: 0x3E7A38), random.unit()) * shade
    let moss = { (x: Float) in horizon + sin(x * 4 + b) * 0.018 }
    let noise = Noise(&random)
    canvas.ground(below: moss) { x, y in
      top.mixed(bottom, (y - horizon) / (1 - horizon)) * (1 + noise(x * 14, y * 22) * 0.05)
    }
    let bark = RGB(hex: 0x7A5638).mixed(RGB(hex: 0x6B4A34), random.unit()) * shade
    let leaves = RGB(hex: 0x3F8A44).mixed(RGB(hex: 0x2F7440), random.unit()) * shade
    for x in [random.number(0...0.1), random.number(0.88...1)] {
      trunk(x, horizon + random.number(0.06...0.1), random.number(0.05...0.07), bark)
    }
    for _ in 0..<9 {
      let (x, r) = (random.unit(), random.number(0.07...0.12))
      canvas.ellipse(x, random.number(-0.02...0.06), r * 1.3, r, leaves * random.number(0.85...1.12))
    }
    return outdoors(floor: (horizon + 0.2)...0.93, shadow: 0.34)
  }

  private mutating func trunk(_ x: Float, _ foot: Float, _ width: Float, _ colour: RGB) {
    canvas.rectangle(x - width / 2, 0, x + width / 2, foot, colour)
    canvas.ellipse(x, foot, width * 0.8, width * 0.22, colour)
    canvas.rectangle(x + width * 0.12, 0, x + width / 2, foot, colour * 0.85)
  }

  /// Snow-capped peaks behind a valley.
  mutating func mountains() -> Stage {
    let horizon = random.number(0.54...0.62)
    sky(horizon: horizon)
    let shade = groundTint
    let rock = RGB(hex: 0x7F8FA8).mixed(RGB(hex: 0x8B8FA0), random.unit()) * shade
    let snow = RGB(hex: 0xF7FAFD) * (light == .day ? RGB(repeating: 1) : shade.mixed(RGB(repeating: 1), 0.35))
    for x in [random.number(0.05...0.3), random.number(0.7...0.95), random.number(0.35...0.65)] {
      peak(x, random.number(0.14...0.26), horizon + 0.08, rock * random.number(0.88...1.08), snow)
    }
    let (a, b) = (random.number(0...6), random.number(0...6))
    let near = RGB(hex: 0x6FA05A) * shade
    let hills = { (x: Float) in horizon + sin(x * 5 + a) * 0.025 }
    canvas.ground(below: hills) { _, _ in near }
    let top = RGB(hex: 0x86B564).mixed(RGB(hex: 0x93B86A), random.unit()) * shade
    let bottom = RGB(hex: 0x5C8E46) * shade
    let meadow = { (x: Float) in horizon + 0.07 + sin(x * 3 + b) * 0.02 }
    canvas.ground(below: meadow) { _, y in top.mixed(bottom, (y - horizon) / (1 - horizon)) }
    for _ in 0..<6 {
      let (x, y, r) = (random.unit(), random.number((horizon + 0.1)...0.98), random.number(0.01...0.025))
      canvas.ellipse(x, y, r * 1.3, r * 0.8, RGB(hex: 0x8F8F8C) * shade)
      canvas.ellipse(x - r * 0.2, y - r * 0.2, r * 0.9, r * 0.45, RGB(hex: 0xA9A9A5) * shade)
    }
    return outdoors(floor: (horizon + 0.2)...0.93, shadow: 0.3)
  }

  /// A mountain whose left side is lit.
  private mutating func peak(_ x: Float, _ top: Float, _ foot: Float, _ rock: RGB, _ snow: RGB) {
    let noise = Noise(&random)
    let side = Float(canvas.side)
    let slope = random.number(0.75...1.0)
    let cap = top + (foot - top) * random.number(0.28...0.4)
    for row in max(0, Int(top * side) - 2)..<min(canvas.side, Int(foot * side)) {
      let y = (Float(row) + 0.5) / side
      for column in 0..<canvas.side {
        let u = (Float(column) + 0.5) / side
        let rim = top + abs(u - x) / slope + noise(u * 16, x * 9) * 0.012
        let cover = min(1, max(0, (y - rim) * side * 0.7 + 0.5))
        if cover <= 0 { continue }
        let lit: Float = u < x + noise(y * 12, 3) * 0.03 ? 1.06 : 0.84
        let white = smooth(0.004, -0.004, y - cap - noise(u * 26, 5) * 0.035)
        let i = row * canvas.side + column
        canvas.pixels[i] = canvas.pixels[i].mixed((rock.mixed(snow, white)) * min(lit, white > 0.5 ? 1 : lit), cover)
      }
    }
  }

  /// A room with a window.
  mutating func room() -> Stage {
    let floor = random.number(0.62...0.68)
    let wall = random.choice([
      RGB(hex: 0xF0DFC0), RGB(hex: 0xC9DFD2), RGB(hex: 0xC7D9EA), RGB(hex: 0xEBCDC4), RGB(hex: 0xDCD3E8),
    ])
    canvas.fill { _, y in wall * (1.03 - y * 0.12) }
    window(random.chance(0.5) ? random.number(0.08...0.14) : random.number(0.6...0.66))
    let wood = random.choice([RGB(hex: 0xC4935E), RGB(hex: 0xB07C4C), RGB(hex: 0xCFA271)])
    let noise = Noise(&random)
    let planks = random.number(5...7)
    canvas.ground(from: floor) { x, y in
      // Planks run towards a point above the floor.
      let u = (x - 0.5) / (y - floor + 0.35) * planks
      let gap = smooth(0.46, 0.5, abs(u - u.rounded()))
      let board = noise(u.rounded() * 7.3, 2) * 0.05 + noise(u * 3, y * 40) * 0.025
      return wood * (0.95 + board + (y - floor) * 0.25) * (1 - gap * 0.22)
    }
    canvas.rectangle(0, floor - 0.03, 1, floor, RGB(hex: 0xFBF8F1))
    canvas.rectangle(0, floor - 0.004, 1, floor + 0.004, wood * 0.6)
    if random.chance(0.6) {
      let rug = random.choice([RGB(hex: 0xB8555A), RGB(hex: 0x5A7FA8), RGB(hex: 0x6E9A78), RGB(hex: 0xA87DA8)])
      let y = random.number(0.84...0.88)
      canvas.ellipse(0.5, y, 0.42, 0.085, rug * 0.85)
      canvas.ellipse(0.5, y, 0.37, 0.068, rug)
    }
    return Stage(floor: 0.82...0.92, shadow: 0.36)
  }

  private mutating func window(_ left: Float) {
    let (right, top, bottom) = (left + 0.26, Float(0.12), Float(0.44))
    canvas.rectangle(left - 0.02, top - 0.02, right + 0.02, bottom + 0.02, RGB(hex: 0xFDFBF5))
    let (high, low) = (RGB(hex: 0x7CC1F2), RGB(hex: 0xCDEBFA))
    for step in 0..<16 {
      let y = top + (bottom - top) * Float(step) / 16
      canvas.rectangle(left, y, right, y + (bottom - top) / 16, high.mixed(low, Float(step) / 15))
    }
    canvas.ellipse(left + 0.08, bottom - 0.02, 0.08, 0.05, RGB(hex: 0x86BE6E))
    canvas.rectangle(left, bottom - 0.02, right, bottom, RGB(hex: 0x86BE6E))
    canvas.rectangle((left + right) / 2 - 0.007, top, (left + right) / 2 + 0.007, bottom, RGB(hex: 0xFDFBF5))
    canvas.rectangle(left, (top + bottom) / 2 - 0.007, right, (top + bottom) / 2 + 0.007, RGB(hex: 0xFDFBF5))
    canvas.rectangle(left - 0.02, bottom, right + 0.02, bottom + 0.02, RGB(hex: 0xFDFBF5))
    canvas.rectangle(left - 0.035, bottom + 0.018, right + 0.035, bottom + 0.04, RGB(hex: 0xE8E2D4))
  }
}
