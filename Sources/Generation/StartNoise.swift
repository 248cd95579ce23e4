import Conditioning
import Diffusion
import TensorCore

/// A second seed whose noise is mixed into the first's: pictures alike, more different the larger the strength.
public struct SeedVariation: Sendable, Equatable {
  public var seed: UInt64
  /// 0 is the request's own seed, 1 this one.
  public var strength: Double

  public init(seed: UInt64, strength: Double) {
    self.seed = seed
    self.strength = strength
  }

  /// Noise `[1, H, W, C]` between two seeds' noise: columns of H numbers turned one by one, as AUTOMATIC1111 does it.
  public static func mix(_ first: Tensor, _ second: Tensor, strength: Double) -> Tensor {
    if strength == 0 { return first }
    let columns = first.shape[2] * first.shape[3]
    return first.slerp(
      to: second, strength,
      VectorLayout(count: columns, length: first.shape[1], step: columns, distance: 1),
      isStraightWhenParallel: true)
  }
}

extension GenerationRequest {
  /// The noise a run starts from, drawn from `source`, mixed with the variations' noise.
  func startNoise(_ shape: [Int], from source: inout NoiseSource) -> Tensor {
    let noise = source.normal(shape)
    guard !variations.isEmpty else { return noise }
    // Each second seed has a generator of its own, whatever the pictures share.
    var other = NoiseSource(stream == .torchBatch ? .torch : stream, seeds: variations.map(\.seed))
    let varied = other.normal(shape)
    let rows = variations.enumerated().map { row, variation in
      SeedVariation.mix(
        noise.slice(axis: 0, from: row, count: 1), varied.slice(axis: 0, from: row, count: 1),
        strength: variation.strength)
    }
    return Tensor.concatenate(rows, axis: 0)
  }
}
