import Randomness
import TensorCore

/// The random numbers of one training step, a function of the run's seed and the step alone,
/// so that a resumed run draws exactly what an uninterrupted one would have drawn.
public struct StepRandom: Sendable {
  private var generator: TorchGenerator

  public init(seed: UInt64, step: Int, stream: UInt64 = 0) {
    // SplitMix64 of the three numbers: neighbouring steps get unrelated streams.
    var z = seed &+ 0x9e37_79b9_7f4a_7c15 &* (UInt64(step) &+ 1) &+ stream &* 0xd1b5_4a32_d192_ed03
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    generator = TorchGenerator(seed: z ^ (z >> 31))
  }

  /// Standard normal noise of a shape.
  public mutating func normal(_ shape: [Int]) -> Tensor {
    Tensor(generator.normals(shape.reduce(1, *)), shape: shape)
  }

  /// A number in 0 ..< 1.
  public mutating func uniform() -> Float { generator.uniforms(1)[0] }

  /// A number in 0 ..< bound.
  public mutating func integer(below bound: Int) -> Int {
    min(Int(Float(bound) * uniform()), bound - 1)
  }

  /// The numbers 0 ..< count in random order.
  public mutating func permutation(_ count: Int) -> [Int] {
    generator.permutation(count)
  }
}
