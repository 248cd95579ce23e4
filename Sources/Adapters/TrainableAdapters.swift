import Checkpoints
import Foundation
import NN
import TensorCore

/// Which weights get adapters of their own in training.
public enum AdapterTargets: String, Sendable, CaseIterable, Codable {
  /// Queries, keys, values and outputs of attention: diffusers' choice.
  case attention
  /// Every linear layer of the transformers, and in text encoders the two-layer networks: kohya's choice.
  case transformer
  /// Those, and the convolutions and projections of residual blocks: LoCon.
  case all

  /// Whether a weight is one of them.
  /// - Parameters:
  ///   - name: the parameter's name.
  ///   - shape: its shape; biases and norms have none of more than one axis.
  ///   - withResidual: whether weights of residual blocks are, in any case.
  func includes(_ name: String, _ shape: [Int], in network: ModelPart, withResidual: Bool = false) -> Bool {
    guard shape.count > 1, name.hasSuffix(".weight") else { return false }
    let isAttention = [".attn1.", ".attn2.", ".self_attn."].contains { name.contains($0) }
    let isTransformer = name.contains(network == .unet ? ".attentions." : ".mlp.")
    let isResidual = [".resnets.", ".downsamplers.", ".upsamplers."].contains { name.contains($0) }
    switch self {
    case .attention: return isAttention || withResidual && isResidual
    case .transformer: return isAttention || isTransformer || withResidual && isResidual
    case .all: return isAttention || isTransformer || isResidual
    }
  }
}

/// Low-rank matrices for training, attached beside the frozen weights of a model.
///
/// At the start they change nothing: the upper matrix is zero, the lower one uniform in ±1/√inputs as torch's layers
/// start (Hu et al. 2021, §4.1).
public struct TrainableAdapters: Sendable {
  /// One changed weight.
  struct Module: Sendable {
    let network: ModelPart
    let weight: Parameter
    let adapter: LowRankAdapter

    /// What files say: the change is scaled by alpha / rank.
    var alpha: Float { adapter.scale * Float(adapter.rank) }
  }

  public let rank: Int
  public let alpha: Float
  let modules: [Module]
  let layout: [ModelPart: [Parameter]]

  /// Attaches fresh matrices.
  /// - Parameters:
  ///   - networks: the parameters of each network to adapt; they should not be trainable themselves.
  ///   - rank: inner dimension, at least 1; at most the weight's own is useful.
  ///   - convolutionRank: that of convolutions of more than one pixel; residual blocks then are targets whatever `targets`
  ///     says, as with kohya's `conv_dim`. nil for `rank` where they are targets.
  ///   - alpha: the change is scaled by alpha / rank.
  ///   - seed: decides the lower matrices, each by its name.
  /// - Throws: `badRequest` if nothing is there to adapt, or for a rank or alpha that cannot be.
  public init(
    _ networks: [ModelPart: [Parameter]], targets: AdapterTargets = .transformer, rank: Int, alpha: Float,
    convolutionRank: Int? = nil, seed: UInt64
  ) throws(AdapterError) {
    guard (1...4096).contains(rank), (1...4096).contains(convolutionRank ?? 1), alpha.isFinite, alpha > 0 else {
      throw .badRequest(text: "rank \(rank), alpha \(alpha)", reason: "the rank is 1 to 4096, alpha above 0")
    }
    let random = RandomInitialization(seed: seed)
    var modules: [Module] = []
    for network in ModelPart.adapted {
      for weight in networks[network] ?? []
      where targets.includes(weight.name, weight.shape, in: network, withResidual: convolutionRank != nil) {
        let isWide = weight.shape.dropFirst(2).contains { $0 > 1 }
        let own = isWide ? convolutionRank ?? rank : rank
        let inputs = weight.shape.dropFirst().reduce(1, *)
        let name = "\(network.rawValue).\(weight.name.dropLast(".weight".count))"
        func matrix(_ part: String, _ shape: [Int], _ initializer: Initializer) -> Parameter {
          let key = "\(name).lora_\(part).weight"
          let value = random.tensor(key, shape: shape, initializer: initializer) ?? .zeros(shape)
          return Parameter(name: key, value: value, isTrainable: true)
        }
        let adapter = LowRankAdapter(
          down: matrix("down", [own] + weight.shape.dropFirst(), .fanIn(inputs)),
          up: matrix("up", [weight.shape[0], own], .zeros), scale: alpha / Float(rank))
        modules.append(Module(network: network, weight: weight, adapter: adapter))
      }
    }
    guard !modules.isEmpty else {
      throw .badRequest(text: "targets \(targets.rawValue)", reason: "the model has no such layers")
    }
    for module in modules { module.weight.attach(module.adapter) }
    (self.rank, self.alpha, self.modules, layout) = (rank, alpha, modules, networks)
  }

  /// All matrices, to be trained.
  public var parameters: [Parameter] { modules.flatMap { [$0.adapter.down, $0.adapter.up] } }

  /// The matrices of one network.
  public func parameters(of network: ModelPart) -> [Parameter] {
    modules.filter { $0.network == network }.flatMap { [$0.adapter.down, $0.adapter.up] }
  }

  /// The networks that have adapters.
  public var networks: [ModelPart] { ModelPart.adapted.filter { part in modules.contains { $0.network == part } } }

  public var moduleCount: Int { modules.count }

  /// Goes on from an adapter's file.
  /// - Parameter sources: the model's weights by diffusers' names, to find the file's modules among.
  /// - Throws: `AdapterError` unless the file has every one of these modules, of the same rank, and no other.
  public func start(from url: URL, sources: [ModelPart: any ParameterSource]) throws {
    let merger = try AdapterMerger([AdapterRequest(path: url.path)], networks: sources)
    func fail(_ reason: String) -> AdapterError { .unfit(path: url.path, reason: reason) }
    if let unused = merger.reports.first?.unusedKeys.first { throw fail("its \(unused) is of no layer of this model") }
    let changed = merger.changedNetworks.reduce(0) { $0 + merger.changedKeys(of: $1).count }
    guard changed <= modules.count else {
      throw fail(
        "it changes \(changed) layers, these settings train \(modules.count): give the targets it was made with")
    }
    for module in modules {
      let found = merger.source(module.network, .factored)?.adapters(of: module.weight.name, shape: module.weight.shape)
      guard let start = found?.first, found?.count == 1 else {
        throw fail("it has nothing for \(module.weight.name), or nothing that is a plain LoRA: train the same targets")
      }
      guard start.rank == module.adapter.rank else {
        throw fail("it has rank \(start.rank) at \(module.weight.name): give `rank` \(start.rank)")
      }
      module.adapter.down.replace(with: start.down.value.ownedFloat32().reshaped(module.adapter.down.shape))
      module.adapter.up.replace(with: start.up.value.cast(to: .f32).scaled(by: start.scale / module.adapter.scale))
    }
  }

  /// Takes them off the model.
  public func detach() { for module in modules { module.weight.detachAdapters() } }
}
