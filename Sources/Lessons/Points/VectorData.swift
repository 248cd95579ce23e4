import DataSets
import Foundation
import TensorCore
import Training

/// What the models that are compared learn: points of two moons, or small grey pictures as vectors.
package enum VectorData {
  case moons(TwoMoons)
  /// Pictures of that side.
  case pictures(any CaptionedImages, side: Int)

  /// Numbers of a vector.
  package var width: Int {
    switch self {
    case .moons: 2
    case .pictures(_, let side): side * side
    }
  }

  /// One vector: a point, or the mean of a picture's channels in ±1 with even noise of one 256th of the range, which makes
  /// densities of it mean something (Theis et al. 2016, §3.1).
  package func vector(_ index: Int, _ random: inout ExampleRandom) throws -> [Float] {
    switch self {
    case .moons(let moons):
      let point = moons.point(&random)
      return [point.x, point.y]
    case .pictures(let images, let side):
      let image = try images.example(index, size: side).image
      let channels = image.channels
      return (0..<(side * side)).map { at in
        let sum = (0..<channels).reduce(0) { $0 + Int(image.pixels[at * channels + $1]) }
        return (Float(sum) / Float(channels) + random.uniform()) / 128 - 1
      }
    }
  }
}

/// Vectors in batches, the last of them kept back for measuring.
package struct VectorSource: BatchSource {
  package let data: VectorData
  /// Examples at the end that no batch has; of points there is no end.
  package let heldBack: Int

  package var count: Int {
    switch data {
    case .moons: Int.max
    case .pictures(let images, _): images.count - heldBack
    }
  }

  package func order(batch: Int, seed: UInt64) -> any ExampleOrder {
    if case .moons = data { return EndlessOrder(size: batch) }
    return ShuffledOrder(count: count, size: batch, seed: seed)
  }

  /// `[B, D]`.
  package func batch(_ draws: [Draw], random: inout [ExampleRandom]) throws -> Tensor {
    let rows = try draws.indices.map { try data.vector(draws[$0].index, &random[$0]) }
    return Tensor(rows.flatMap { $0 }, shape: [draws.count, data.width])
  }

  /// What is kept back, `[heldBack, D]`; of points, others than any run sees.
  /// - Parameter stream: another gives other points.
  package func heldBackVectors(stream: UInt64 = 0) throws -> Tensor {
    let first: Int
    switch data {
    case .moons: first = 0
    case .pictures: first = count
    }
    let rows = try (0..<heldBack).map { index in
      var random = ExampleRandom(seed: 0x6d6f_6f6e, example: first + index, epoch: 0, stream: stream + 1)
      return try data.vector(first + index, &random)
    }
    return Tensor(rows.flatMap { $0 }, shape: [heldBack, data.width])
  }
}
