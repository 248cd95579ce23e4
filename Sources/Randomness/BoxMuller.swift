/// The Box-Muller transform of eight pairs of uniform floats at once.
///
/// Logarithm, sine and cosine are computed here, not by the system's library, so that one seed
/// gives the same bits on every machine.
enum BoxMuller {
  typealias Lanes = SIMD8<Float>
  private typealias Bits = SIMD8<Int32>
  /// Numbers transformed together: torch pairs number `j` of a block with number `j + 8`.
  static let blockCount = 2 * Lanes.scalarCount

  /// 1.5·2²³: added to a float it rounds to a whole number, which is then in the low bits. It
  /// stands in for conversions, which go lane by lane in SIMD types.
  private static let magic: Float = 12_582_912
  private static let magicBits: Int32 = 0x4b40_0000

  /// Replaces sixteen uniforms in [0, 1) by sixteen standard normals.
  @inline(__always)
  static func transform(_ block: UnsafeMutablePointer<Float>) {
    let raw = UnsafeMutableRawPointer(block)
    let u1 = 1 - raw.loadUnaligned(as: Lanes.self)
    let u2 = raw.loadUnaligned(fromByteOffset: 32, as: Lanes.self)
    let radius = (-2 * logarithm(u1)).squareRoot()
    let (sine, cosine) = sineAndCosine(2 * Float.pi * u2)
    raw.storeBytes(of: radius * cosine, as: Lanes.self)
    raw.storeBytes(of: radius * sine, toByteOffset: 32, as: Lanes.self)
  }

  /// Natural logarithm of normal numbers in (0, 1]; relative error below 2.5e-7.
  ///
  /// With x = m·2ᵉ, √½ ≤ m < √2 and s = (m − 1) / (m + 1): ln m = 2·(s + s³/3 + s⁵/5 + …), where
  /// |s| < 0.172 leaves 2e-9 of the sum after s⁹.
  @inline(__always)
  static func logarithm(_ x: Lanes) -> Lanes {
    let bits = unsafeBitCast(x, to: Bits.self)
    // Subtracting the bits of √½ first puts the exponent's step at √½ instead of at 1.
    let rootHalf = Bits(repeating: 0x3f35_04f3)
    let e = (bits &- rootHalf) &>> 23
    let m = unsafeBitCast(bits &- (e &<< 23), to: Lanes.self)
    let s = (m - 1) / (m + 1)
    let z = s * s
    let tail = z * polynomial(z, 1 / 3, 1 / 5, 1 / 7, 1 / 9)
    let mantissa = 2 * (s + s * tail)
    let exponent = unsafeBitCast(e &+ magicBits, to: Lanes.self) - magic
    // ln 2 in two parts: the first has so few bits that its product with e is exact.
    let low = mantissa - exponent * 2.121_944_4e-4
    return exponent * 0.693_359_375 + low
  }

  /// Sine and cosine of angles in 0 ... 2π; absolute error below 2e-7.
  @inline(__always)
  static func sineAndCosine(_ angle: Lanes) -> (sine: Lanes, cosine: Lanes) {
    let shifted = angle * (2 / Float.pi) + magic
    let turns = shifted - magic
    // π/2 in three parts, the first two short enough for exact products with 0 ... 4.
    let coarse = angle - turns * 1.5703125
    let fine = coarse - turns * 4.837_512_97e-4
    let x = fine - turns * 7.549_789_95e-8
    let z = x * x
    // Taylor series: on |x| ≤ π/4 the terms left out are below 2e-9.
    let sine = x + x * z * polynomial(z, -1 / 6, 1 / 120, -1 / 5040, 1 / 362_880)
    let bend = polynomial(z, 1 / 24, -1 / 720, 1 / 40_320, -1 / 3_628_800)
    let cosine = 1 - z * 0.5 + z * z * bend
    let quarter = unsafeBitCast(shifted, to: Bits.self)
    // Selection and signs by bits: odd quarters swap the two; bit 1 of the quarter (for the
    // cosine, of the next quarter) is the sign.
    let odd = 0 &- (quarter & 1)
    let (a, b) = (unsafeBitCast(sine, to: Bits.self), unsafeBitCast(cosine, to: Bits.self))
    let difference = (a ^ b) & odd
    let sign = Bits(repeating: Int32.min)
    let s = a ^ difference ^ ((quarter &<< 30) & sign)
    let c = b ^ difference ^ (((quarter &+ 1) &<< 30) & sign)
    return (unsafeBitCast(s, to: Lanes.self), unsafeBitCast(c, to: Lanes.self))
  }

  /// a + b·z + c·z² + d·z³.
  @inline(__always)
  private static func polynomial(
    _ z: Lanes, _ a: Float, _ b: Float, _ c: Float, _ d: Float
  ) -> Lanes {
    let high = z * d + c
    let middle = z * high + b
    return z * middle + a
  }
}
