import Randomness
import TensorCore

/// Whose random numbers a run draws.
public enum RandomStream: String, Codable, Sendable, CaseIterable {
  /// A torch CPU generator for each image, as diffusers with a list of generators.
  case torch
  /// One torch CPU generator for the whole batch, as diffusers with a single one.
  case torchBatch = "torch-batch"
  /// Philox as on an NVIDIA card, AUTOMATIC1111's default.
  case nv
}

/// Noise for a batch of images, drawn in the order the ecosystem draws it.
public struct NoiseSource: Sendable {
  private enum Generators: Sendable {
    case torch([TorchGenerator])
    case philox([PhiloxGenerator])
    case torchBatch(TorchGenerator)
  }
  private var generators: Generators

  /// - Parameter seeds: one for each image; `torchBatch` uses the first for all.
  public init(_ stream: RandomStream, seeds: [UInt64]) {
    generators =
      switch stream {
      case .torch: .torch(seeds.map { TorchGenerator(seed: $0) })
      case .nv: .philox(seeds.map { PhiloxGenerator(seed: $0) })
      case .torchBatch: .torchBatch(TorchGenerator(seed: seeds[0]))
      }
  }

  /// Standard normal noise for a batch `[B, H, W, C]`, drawn image by image in `[C, H, W]` order.
  public mutating func normal(_ shape: [Int], device: Device = .current) -> Tensor {
    let nchw = [shape[0], shape[3], shape[1], shape[2]]
    let each = nchw[1...].reduce(1, *)
    let values: [Float]
    switch generators {
    case .torch(var list):
      precondition(list.count == shape[0], "\(list.count) generators for \(shape)")
      values = list.indices.flatMap { list[$0].normals(each) }
      generators = .torch(list)
    case .philox(var list):
      precondition(list.count == shape[0], "\(list.count) generators for \(shape)")
      values = list.indices.flatMap { list[$0].normals(each) }
      generators = .philox(list)
    case .torchBatch(var one):
      values = one.normals(each * shape[0])
      generators = .torchBatch(one)
    }
    return Tensor(channelsFirst: values, shape: nchw, device: device)
  }
}
