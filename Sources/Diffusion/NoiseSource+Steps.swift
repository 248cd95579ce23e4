import Foundation
import Randomness
import TensorCore

/// How the fresh noise of a sampler's steps hangs together.
public enum StepNoise: String, Codable, Sendable, CaseIterable {
  /// Drawn step by step from the stream that gave the start.
  case independent
  /// The steps of a Brownian path in σ that each picture's seed decides (k-diffusion's `BrownianTreeNoiseSampler`): another
  /// number of steps follows the same path. AUTOMATIC1111 does so for DPM++ SDE, 2M SDE and 3M SDE.
  case brownianTree = "brownian-tree"
}

/// A batch's paths over a run's noise levels.
struct BrownianPaths: Sendable {
  private enum Trees: Sendable {
    case torch([BrownianTree<TorchGenerator>])
    case philox([BrownianTree<PhiloxGenerator>])
  }
  private var trees: Trees
  let levels: ClosedRange<Double>
  /// Values of one picture.
  let count: Int

  init(_ stream: RandomStream, seeds: [UInt64], levels: ClosedRange<Double>, count: Int) {
    (self.levels, self.count) = (levels, count)
    let (low, high) = (levels.lowerBound, levels.upperBound)
    trees =
      switch stream {
      case .torch, .torchBatch: .torch(seeds.map { BrownianTree(from: low, to: high, entropy: $0, count: count) })
      case .nv: .philox(seeds.map { BrownianTree(from: low, to: high, entropy: $0, count: count) })
      }
  }

  /// Noise of deviation 1 for a step down: against the direction the path runs in.
  mutating func normals(from sigma: Double, to next: Double) -> [Float] {
    let length = abs(Float(next) - Float(sigma))
    guard length > 0 else {
      let pictures =
        switch trees {
        case .torch(let list): list.count
        case .philox(let list): list.count
        }
      return Array(repeating: 0, count: pictures * count)
    }
    let scale = (sigma > next ? -1 : 1) / length.squareRoot()
    let (a, b) = (min(sigma, next), max(sigma, next))
    let gains: [Float]
    switch trees {
    case .torch(var list):
      gains = list.indices.flatMap { list[$0].increment(from: a, to: b) }
      trees = .torch(list)
    case .philox(var list):
      gains = list.indices.flatMap { list[$0].increment(from: a, to: b) }
      trees = .philox(list)
    }
    return gains.map { $0 * scale }
  }
}

extension NoiseSource {
  /// Standard normal noise for a step from one noise level of a plan towards another, `[B, H, W, C]`.
  ///
  /// Steps of independent noise take the next of the stream, whatever the levels are.
  mutating func normal(
    _ shape: [Int], from sigma: Double, to next: Double, of plan: SamplingPlan, device: Device
  ) -> Tensor {
    guard stepNoise == .brownianTree, let levels = plan.noisyLevels else { return normal(shape, device: device) }
    let nchw = [shape[0], shape[3], shape[1], shape[2]]
    let count = nchw[1...].reduce(1, *)
    precondition(seeds.count == shape[0], "\(seeds.count) seeds for \(shape)")
    var paths = self.paths ?? BrownianPaths(stream, seeds: seeds, levels: levels, count: count)
    if paths.levels != levels || paths.count != count {
      paths = BrownianPaths(stream, seeds: seeds, levels: levels, count: count)
    }
    // No noise at all is below the path's end.
    let values = paths.normals(from: sigma, to: max(next, levels.lowerBound))
    self.paths = paths
    return Tensor(channelsFirst: values, shape: nchw, device: device)
  }
}

extension SamplingPlan {
  /// From the lowest level with noise to the highest, of the whole plan wherever it is entered; nil if there are not two.
  var noisyLevels: ClosedRange<Double>? {
    guard let low = sigmas.filter({ $0 > 0 }).min(), let high = sigmas.max(), low < high else { return nil }
    return low...high
  }
}
