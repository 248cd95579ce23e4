import Foundation

/// The random numbers of a CUDA generator, as AUTOMATIC1111's "NV" source computes them.
///
/// Philox4x32-10 with the seed as key; the counter holds the call's number and the element's
/// index, so an element does not depend on how many others are drawn with it.
/// Source: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3";
/// AUTOMATIC1111, modules/rng_philox.py.
public struct PhiloxGenerator: RandomNumberSource, Equatable, Codable {
  /// The key.
  public let seed: UInt64
  /// How many draws were made before.
  public private(set) var offset: UInt32

  private enum CodingKeys: String, CodingKey { case seed, offset }

  /// Starts the stream of a seed; all 64 bits count.
  public init(seed: UInt64) {
    self.seed = seed
    offset = 0
  }

  /// Draws standard normal numbers, equal to a CUDA generator's in float32 to 1e-5.
  public mutating func normals(_ count: Int) -> [Float] {
    // float32 constants, the rest in double precision, as the source does.
    let scale = Double(Float(2.328_306_4e-10))
    let turn = Double(Float(2.328_306_4e-10 * 6.283_185_5))
    return draw(count) { first, second in
      let u = Double(first) * scale + scale / 2
      let v = Double(second) * turn + turn / 2
      return Float((-2 * log(u)).squareRoot() * sin(v))
    }
  }

  /// Draws numbers uniform in 0 ..< 1, multiples of 2⁻²⁴ from each element's first word.
  public mutating func uniforms(_ count: Int) -> [Float] {
    draw(count) { first, _ in Float(first >> 8) * 0x1p-24 }
  }

  private mutating func draw(_ count: Int, _ make: (UInt32, UInt32) -> Float) -> [Float] {
    precondition(count >= 0 && count <= Int(UInt32.max), "Philox: count \(count) out of range")
    defer { offset &+= 1 }
    return [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
      for index in 0..<count {
        let words = Self.block(
          counter: SIMD4(offset, 0, UInt32(truncatingIfNeeded: index), 0), key: seed)
        buffer[index] = make(words.0, words.1)
      }
      initialized = count
    }
  }

  /// The first two of the four words of a counter.
  @inline(__always)
  private static func block(counter: SIMD4<UInt32>, key: UInt64) -> (UInt32, UInt32) {
    var (c0, c1, c2, c3) = (counter.x, counter.y, counter.z, counter.w)
    var k0 = UInt32(truncatingIfNeeded: key)
    var k1 = UInt32(truncatingIfNeeded: key >> 32)
    for _ in 0..<10 {
      let a = UInt64(c0) &* 0xd251_1f53
      let b = UInt64(c2) &* 0xcd9e_8d57
      c0 = UInt32(truncatingIfNeeded: b >> 32) ^ c1 ^ k0
      c1 = UInt32(truncatingIfNeeded: b)
      c2 = UInt32(truncatingIfNeeded: a >> 32) ^ c3 ^ k1
      c3 = UInt32(truncatingIfNeeded: a)
      k0 &+= 0x9e37_79b9
      k1 &+= 0xbb67_ae85
    }
    return (c0, c1)
  }
}
