import Randomness
import TensorCore

/// The random numbers of one example in one epoch: a function of the run's seed, the example and the epoch alone.
///
/// They belong to the example and not to the step, so neither the size of batches, nor gradients gathered over several of
/// them, nor several machines change what is learnt, and a resumed run draws what an uninterrupted one would have drawn.
public struct ExampleRandom: Sendable {
  private var generator: PhiloxGenerator

  /// - Parameter stream: apart from others that draw for the same example.
  public init(seed: UInt64, example: Int, epoch: Int, stream: UInt64 = 0) {
    generator = PhiloxGenerator(
      seed: Self.mixed(Self.mixed(seed, UInt64(truncatingIfNeeded: epoch), stream), UInt64(example), 0x5eed))
  }

  /// A seed made of three numbers (SplitMix64): neighbouring ones get unrelated streams.
  static func mixed(_ seed: UInt64, _ number: UInt64, _ stream: UInt64) -> UInt64 {
    var z = seed &+ 0x9e37_79b9_7f4a_7c15 &* (number &+ 1) &+ stream &* 0xd1b5_4a32_d192_ed03
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  /// Standard normal numbers of a shape.
  public mutating func normal(_ shape: [Int]) -> Tensor {
    Tensor(generator.normals(shape.reduce(1, *)), shape: shape)
  }

  /// A number in 0 ..< 1.
  public mutating func uniform() -> Float { generator.uniforms(1)[0] }

  /// A number in 0 ..< bound.
  public mutating func integer(below bound: Int) -> Int {
    min(Int(Float(bound) * uniform()), bound - 1)
  }

  /// The elements in random order (Fisher and Yates).
  public mutating func shuffled<Element>(_ elements: [Element]) -> [Element] {
    var elements = elements
    for last in stride(from: elements.count - 1, to: 0, by: -1) {
      elements.swapAt(last, integer(below: last + 1))
    }
    return elements
  }
}

extension [ExampleRandom] {
  /// Standard normal noise `[B, ..]`, each row from its own example.
  package mutating func normal(like shape: [Int]) -> Tensor {
    let row = [1] + shape.dropFirst()
    return Tensor.concatenate(indices.map { self[$0].normal(row) }, axis: 0)
  }
}
