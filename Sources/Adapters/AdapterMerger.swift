import Checkpoints
import Foundation
import NN
import TensorCore

/// How adapters act.
public enum AdapterMode: String, Sendable, CaseIterable {
  /// Added to the weights: pictures cost what they cost without.
  case merged
  /// As matrices beside the weights, which stay as they are. What has no such form - LoHa, LoKr, DoRA, full
  /// differences, changes of biases - is merged.
  case factored
}

/// The type merged weights are stored in.
public enum MergePrecision: Sendable {
  /// That of the base weight.
  case asBase
  case float32
}

/// Any number of adapters, resolved against the networks of one model, ready to be added to its weights:
/// `W + Σ strength · ΔW`, every ΔW computed in float32 against the base weight alone.
public struct AdapterMerger: Sendable {
  /// One for each file, in the order asked for.
  public let reports: [AdapterReport]
  let changes: [ModelPart: [String: [WeightChange]]]
  private let sources: [ModelPart: any ParameterSource]

  /// Reads the files and finds every module they change.
  /// - Parameters:
  ///   - requests: files and strengths; the same file may come twice.
  ///   - networks: the model's weights under diffusers' names.
  /// - Throws: `CheckpointError` for a damaged file; `AdapterError` if nothing matches, a shape is wrong or a part
  ///   is missing. Afterwards nothing can fail any more.
  public init(_ requests: [AdapterRequest], networks: [ModelPart: any ParameterSource]) throws {
    let modules = ModelPart.adapted.compactMap { network in
      networks[network].map { NetworkModules(network, $0) }
    }
    var files: [String: AdapterFile] = [:]
    var reports: [AdapterReport] = []
    var changes: [ModelPart: [String: [WeightChange]]] = [:]
    for request in requests {
      let file = try files[request.path] ?? AdapterFile(URL(fileURLWithPath: request.path))
      files[request.path] = file
      var report = AdapterReport(file, request)
      let finder = AdapterModuleFinder(file, modules)
      for module in file.modules {
        guard let (network, name) = finder.find(module) else {
          report.unusedKeys += module.keys.values.sorted()
          continue
        }
        let parts = try module.changes(file)
        var unplaced = 0
        for (end, change) in [("weight", parts.weight), ("bias", parts.bias)] {
          guard var change else { continue }
          let key = "\(name).\(end)"
          guard let shape = network.source.shape(of: key) else {
            // A layer without bias, or without a weight of its own.
            report.unusedKeys.append(change.key)
            unplaced += 1
            continue
          }
          try Self.check(change, of: file, against: shape, key)
          change.strength = request.weight(for: network.network)
          if change.strength != 0 { changes[network.network, default: [:]][key, default: []].append(change) }
        }
        report.add(parts, keys: module.keys.count - unplaced, network: network.network)
      }
      guard report.matchedKeys > 0 else {
        throw AdapterError.nothingMatched(
          path: file.path, keys: file.keys.count, madeFor: file.base.description,
          model: AdapterBase.of(networks).description)
      }
      reports.append(report)
    }
    self.reports = reports
    self.changes = changes
    sources = networks
  }

  private static func check(
    _ change: WeightChange, of file: AdapterFile, against shape: [Int], _ key: String
  ) throws(AdapterError) {
    guard let misfit = change.misfit(shape) else { return }
    throw .wrongShape(
      path: file.path, key: misfit.key, found: misfit.shape, weight: key, expected: shape,
      madeFor: file.base.description)
  }

  /// The networks that are changed.
  public var changedNetworks: Set<ModelPart> { Set(changes.keys) }

  /// The keys of a network that are changed, sorted.
  public func changedKeys(of network: ModelPart) -> [String] { (changes[network] ?? [:]).keys.sorted() }

  /// The weight with all adapters added; the base itself where none changes it.
  /// - Parameters:
  ///   - key: the weight's name in the source given at the start.
  ///   - base: its value without adapters.
  public func merged(
    _ key: String, of network: ModelPart, base: Tensor, precision: MergePrecision = .asBase
  ) -> Tensor {
    guard let found = changes[network]?[key], !found.isEmpty else { return base }
    let plain = base.detached.cast(to: .f32)
    let sum = found.reduce(plain) { $0.scaled(by: 1, adding: $1.value(base: plain)) }
    return precision == .asBase ? sum.cast(to: base.dtype) : sum
  }

  /// The same for a tensor on its way from file to file, as `ModelWriter` takes it: bit for bit the base where
  /// no adapter changes it, else in the base's type.
  public func merged(_ key: String, of network: ModelPart, base: RawTensor) -> RawTensor {
    guard changes[network]?[key] != nil else { return base }
    return RawTensor(merged(key, of: network, base: base.tensor()))
  }

  /// The same networks with all adapters added while their weights are read, as `PipelineComponents` takes it:
  /// `adapt: { try AdapterMerger(requests, networks: $0).adapted() }`.
  public func adapted(
    _ mode: AdapterMode = .merged, precision: MergePrecision = .asBase
  ) -> [ModelPart: any ParameterSource] {
    var all = sources
    for network in changedNetworks { all[network] = source(network, mode, precision: precision) }
    return all
  }

  /// The weights of a network with all adapters put in while they are read; load the model again without it to get
  /// rid of them. Nil if the network was not among those given.
  public func source(
    _ network: ModelPart, _ mode: AdapterMode = .merged, precision: MergePrecision = .asBase
  ) -> (any ParameterSource)? {
    sources[network].map {
      AdaptedSource(base: $0, network: network, merger: self, mode: mode, precision: precision)
    }
  }
}

extension ModelPart {
  /// The parts adapters change; the U-Net first, whose modules files without prefixes mean.
  static let adapted: [ModelPart] = [.unet, .textEncoder, .textEncoder2]
}

/// Weights with adapters added to them, or put beside them.
struct AdaptedSource: ParameterSource {
  let base: any ParameterSource
  let network: ModelPart
  let merger: AdapterMerger
  let mode: AdapterMode
  let precision: MergePrecision

  var description: String { base.description }
  var keys: [String] { base.keys }
  func shape(of key: String) -> [Int]? { base.shape(of: key) }
  func problem(of key: String) -> String? { base.problem(of: key) }
  func tensor(_ key: String, shape: [Int], initializer: Initializer) -> Tensor? {
    guard let value = base.tensor(key, shape: shape, initializer: initializer) else { return nil }
    return adapters(of: key, shape: shape).isEmpty
      ? merger.merged(key, of: network, base: value, precision: precision) : value
  }
  func adapters(of key: String, shape: [Int]) -> [LowRankAdapter] {
    guard mode == .factored, let changes = merger.changes[network]?[key] else { return [] }
    return changes.factored(for: key, shape: shape) ?? []
  }
}
