/// A stream of random numbers that is a value: a copy continues independently of its original.
public protocol RandomNumberSource: Sendable {
  /// Starts the stream of a seed.
  init(seed: UInt64)

  /// Draws standard normal numbers.
  /// - Parameter count: how many, ≥ 0; a tensor takes them in row-major order of its shape.
  mutating func normals(_ count: Int) -> [Float]

  /// Draws numbers uniform in 0 ..< 1.
  /// - Parameter count: how many, ≥ 0.
  mutating func uniforms(_ count: Int) -> [Float]
}
