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
  let stream: RandomStream
  let seeds: [UInt64]
  /// How the noise of the stochastic solvers' steps hangs together.
  public let stepNoise: StepNoise
  /// The paths of the run that drew last.
  var paths: BrownianPaths?

  /// - Parameters:
  ///   - seeds: one for each image; `torchBatch` uses the first for all but Brownian paths.
  ///   - stepNoise: what DPM++ SDE, 2M SDE and 3M SDE draw; nil for what the stream's users know: Brownian paths with
  ///     `nv`, AUTOMATIC1111's default, independent noise with torch's generators, as diffusers.
  public init(_ stream: RandomStream, seeds: [UInt64], stepNoise: StepNoise? = nil) {
    (self.stream, self.seeds) = (stream, seeds)
    self.stepNoise = stepNoise ?? (stream == .nv ? .brownianTree : .independent)
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
