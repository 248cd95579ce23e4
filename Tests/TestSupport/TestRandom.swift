import Foundation
import TensorCore

/// A small deterministic source of test values (SplitMix64, Steele et al. 2014), the same on every machine.
public struct TestRandom {
  private var state: UInt64

  public init(seed: UInt64) { state = seed }

  /// The next 64 random bits.
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// A value in `range`.
  public mutating func uniform(_ range: Range<Float>) -> Float {
    let unit = Float(next() >> 40) * 0x1p-24
    return range.lowerBound + (range.upperBound - range.lowerBound) * unit
  }

  /// A standard normal value (Box & Muller 1958).
  public mutating func normal() -> Float {
    let (u, v) = (Double(uniform(0..<1)), Double(uniform(0..<1)))
    return Float((-2 * log(1 - u)).squareRoot() * cos(2 * .pi * v))
  }

  /// `count` values in `range`.
  public mutating func uniforms(_ count: Int, _ range: Range<Float> = -1..<1) -> [Float] {
    (0..<count).map { _ in uniform(range) }
  }

  /// `count` standard normal values.
  public mutating func normals(_ count: Int) -> [Float] { (0..<count).map { _ in normal() } }

  /// A tensor of standard normal values.
  public mutating func tensor(_ shape: [Int], device: Device = .current) -> Tensor {
    Tensor(normals(shape.reduce(1, *)), shape: shape, device: device)
  }
}
