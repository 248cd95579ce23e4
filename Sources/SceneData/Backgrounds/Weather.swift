/// Rain: a grey sky behind things, and falling drops before them.
extension Scenery {
  /// A sky full of grey clouds.
  mutating func rainSky(_ horizon: Float) {
    let top = RGB(hex: 0x6E7F92).mixed(RGB(hex: 0x7F8DA0), random.unit())
    let low = RGB(hex: 0xB4C0CA).mixed(RGB(hex: 0xC3CCD3), random.unit())
    canvas.fill { _, y in top.mixed(low, min(1, y / horizon)) }
    let grey = RGB(hex: 0x66727F)
    for _ in 0..<6 {
      let (x, y, size) = (random.unit(), random.number(0...0.14), random.number(0.08...0.14))
      canvas.ellipse(x, y, size * 1.9, size * 0.55, grey, opacity: 0.45, blur: 0.04)
      canvas.ellipse(x - size * 0.5, y - size * 0.25, size, size * 0.6, grey, opacity: 0.4, blur: 0.04)
    }
  }

  /// Draws what falls before the things: rain, where it rains.
  mutating func drawForeground() {
    guard light == .rain else { return }
    let drop = RGB(hex: 0xE3EEF7)
    for _ in 0..<70 {
      let (x, y) = (random.number(-0.05...1.05), random.number(-0.05...1))
      let length = random.number(0.03...0.055)
      canvas.stroke(x, y, x - length * 0.25, y + length, width: 0.0055, drop, opacity: random.number(0.35...0.7))
    }
  }
}
