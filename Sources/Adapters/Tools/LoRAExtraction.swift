import Checkpoints
import Foundation
import NN
import TensorCore

/// The difference of two models of one family as a LoRA.
public struct LoRAExtraction {
  /// Gives a weight by part and diffusers' name, float32; nil if the model has none.
  public typealias Provider = (ModelPart, String) throws -> Tensor?

  /// What became of the weights.
  public struct Report: Sendable {
    /// Layers that differ and are in the file.
    public internal(set) var changed = 0
    /// Layers that are the same in both.
    public internal(set) var equal = 0
    /// The share of each change's sum of squares that is kept, on average.
    public internal(set) var kept = 0.0
  }

  public let rank: Int
  public let targets: AdapterTargets

  public init(rank: Int, targets: AdapterTargets) { (self.rank, self.targets) = (rank, targets) }

  /// Takes the difference of every target layer apart and writes kohya's format.
  /// - Parameters:
  ///   - shapes: the layers of each network by diffusers' names.
  ///   - progress: told how many layers are done.
  /// - Throws: `badRequest` if nothing differs, or a layer has another shape in the tuned model.
  public func write(
    to url: URL, shapes: [ModelPart: [(name: String, shape: [Int])]], tuned: Provider, base: Provider,
    metadata: [String: String] = [:], progress: (Int, Int) throws -> Void = { _, _ in }
  ) throws -> Report {
    var report = Report()
    var networks: [ModelPart: [Parameter]] = [:]
    for part in ModelPart.adapted {
      // Placeholders of no size: only names and shapes count until a change is found.
      networks[part] = (shapes[part] ?? []).map {
        Parameter(name: $0.name, value: .zeros($0.shape), isTrainable: false)
      }
    }
    let adapters = try TrainableAdapters(
      networks.filter { !$0.value.isEmpty }, targets: targets, rank: rank, alpha: Float(rank), seed: 0)
    var changed: Set<String> = []
    for (done, module) in adapters.modules.enumerated() {
      let key = module.weight.name
      guard let before = try base(module.network, key), let after = try tuned(module.network, key) else { continue }
      guard before.shape == after.shape else {
        throw AdapterError.badRequest(
          text: key, reason: "has shape \(after.shape) in the tuned model and \(before.shape) in the other")
      }
      let difference = (after - before).reshaped([before.shape[0], before.count / before.shape[0]])
      // Less than float16 tells apart is no change.
      if difference.sumOfSquares <= 1e-10 * before.sumOfSquares {
        report.equal += 1
      } else {
        let found = LowRankProduct.approximating(difference, rank: rank, name: key)
        module.adapter.down.replace(with: found.product.down.reshaped(module.adapter.down.shape))
        module.adapter.up.replace(with: found.product.up)
        changed.insert(module.adapter.down.name)
        report.changed += 1
        report.kept += found.kept
      }
      try progress(done + 1, adapters.moduleCount)
    }
    guard report.changed > 0 else {
      throw AdapterError.badRequest(text: "extract", reason: "the two models are the same in every such layer")
    }
    report.kept /= Double(report.changed)
    try adapters.write(
      to: url, dtype: .f16, metadata: metadata
    ) { changed.contains($0.adapter.down.name) }
    return report
  }
}
