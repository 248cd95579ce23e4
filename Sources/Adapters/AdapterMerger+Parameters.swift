import Checkpoints
import NN
import TensorCore

/// Changes made to the parameters of a built network, and how to take them back.
public struct AppliedAdapters: Sendable {
  fileprivate struct Change: Sendable {
    let parameter: Parameter
    /// The value before; nil if only low-rank matrices were attached.
    let original: Tensor?
  }
  fileprivate var changes: [Change] = []

  /// Weights whose value was replaced.
  public var mergedCount: Int { changes.filter { $0.original != nil }.count }
  /// Weights that got low-rank matrices beside them.
  public var attachedCount: Int { changes.filter { $0.original == nil }.count }

  /// Puts back the weights as they were, bit for bit, and takes off what was attached.
  public func revert() {
    for change in changes {
      if let original = change.original { change.parameter.replace(with: original) }
      change.parameter.detachAdapters()
    }
  }
}

extension AdapterMerger {
  /// Adds all adapters to the weights of a network that is built already.
  /// - Parameters:
  ///   - parameters: those of the network; names that are not changed are left alone.
  ///   - network: which one it is.
  @discardableResult public func merge(
    into parameters: [Parameter], of network: ModelPart, precision: MergePrecision = .asBase
  ) -> AppliedAdapters {
    apply(to: parameters, of: network) { parameter, _ in
      let original = parameter.value
      parameter.replace(with: merged(parameter.name, of: network, base: original, precision: precision))
      return original
    }
  }

  /// Puts adapters beside the weights of a network that is built already: `W x + s · up (down x)`.
  ///
  /// That leaves the weights as they are, at a few percent of the time. What has no such form - LoHa, LoKr, DoRA, full
  /// differences, changes of biases - is merged.
  @discardableResult public func attach(
    to parameters: [Parameter], of network: ModelPart, precision: MergePrecision = .asBase
  ) -> AppliedAdapters {
    apply(to: parameters, of: network) { parameter, changes in
      guard let factored = changes.factored(for: parameter.name, shape: parameter.shape) else {
        let original = parameter.value
        parameter.replace(with: merged(parameter.name, of: network, base: original, precision: precision))
        return original
      }
      factored.forEach(parameter.attach)
      return nil
    }
  }

  private func apply(
    to parameters: [Parameter], of network: ModelPart, _ body: (Parameter, [WeightChange]) -> Tensor?
  ) -> AppliedAdapters {
    var applied = AppliedAdapters()
    for parameter in parameters {
      guard let found = changes[network]?[parameter.name] else { continue }
      applied.changes.append(.init(parameter: parameter, original: body(parameter, found)))
    }
    return applied
  }
}

extension [WeightChange] {
  /// The changes of one weight as matrices beside it; nil if one of them has no such form.
  func factored(for key: String, shape: [Int]) -> [LowRankAdapter]? {
    let all = compactMap { $0.factored(for: key, shape: shape) }
    return all.count == count ? all : nil
  }
}

extension WeightChange {
  /// The change as two matrices beside the weight; nil if it has no such form.
  fileprivate func factored(for key: String, shape weight: [Int]) -> LowRankAdapter? {
    guard magnitude == nil, case .lowRank(let up, let mid, let down) = delta, weight.count > 1 else { return nil }
    let rows = up.shape[1]
    // A core between the matrices goes into the lower one.
    let lower =
      mid.map { AdapterDelta.joined(core: $0, down: down) } ?? down.cast(to: .f32).reshaped([rows, -1])
    let shape = [rows] + weight.dropFirst()
    guard lower.count == shape.reduce(1, *) else { return nil }
    let name = key.dropLast(".weight".count)
    return LowRankAdapter(
      down: Parameter(name: "\(name).lora_down.weight", value: lower.reshaped(shape), isTrainable: false),
      up: Parameter(
        name: "\(name).lora_up.weight", value: up.cast(to: .f32).reshaped([up.shape[0], rows]), isTrainable: false),
      scale: scale * strength)
  }
}
