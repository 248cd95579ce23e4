/// Smooth random textures: the same seed gives the same texture at every picture size.
struct Noise {
  private let seed: UInt32

  init(_ random: inout SceneRandom) { seed = UInt32(truncatingIfNeeded: random.next()) }

  /// Returns smooth noise of -1...1 whose features are about one unit wide.
  @inline(__always)
  func callAsFunction(_ x: Float, _ y: Float) -> Float {
    let (fx, fy) = (x.rounded(.down), y.rounded(.down))
    var (a, b) = (x - fx, y - fy)
    a = a * a * (3 - 2 * a)
    b = b * b * (3 - 2 * b)
    let (i, j) = (Int32(fx), Int32(fy))
    let top = corner(i, j) * (1 - a) + corner(i &+ 1, j) * a
    let bottom = corner(i, j &+ 1) * (1 - a) + corner(i &+ 1, j &+ 1) * a
    return top * (1 - b) + bottom * b
  }

  @inline(__always)
  private func corner(_ i: Int32, _ j: Int32) -> Float {
    var h = seed ^ (UInt32(bitPattern: i) &* 0x9E37_79B1) ^ (UInt32(bitPattern: j) &* 0x85EB_CA77)
    h = (h ^ (h >> 15)) &* 0x2C1B_3C6D
    h = (h ^ (h >> 12)) &* 0x297A_2D39
    return Float(h >> 8) * 0x1p-23 - 1
  }
}
