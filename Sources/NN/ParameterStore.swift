import Synchronization
import TensorCore

/// What is wrong with a set of weights for a model, all of it at once.
public struct ParameterError: Error, Equatable, CustomStringConvertible {
  public var source: String
  public var missing: [String]
  public var misshapen: [String]
  /// Keys whose tensors cannot be weights, each with the reason.
  public var unusable: [String] = []
  public var unused: [String]

  public var description: String {
    var parts: [String] = []
    if !missing.isEmpty { parts.append("missing \(Self.list(missing))") }
    if !misshapen.isEmpty { parts.append("wrong shape \(Self.list(misshapen))") }
    if !unusable.isEmpty { parts.append("no weights \(Self.list(unusable))") }
    if !unused.isEmpty { parts.append("not part of the model \(Self.list(unused))") }
    return "\(source): \(parts.joined(separator: "; ")) - the weights do not fit the configuration"
  }

  private static func list(_ names: [String]) -> String {
    let shown = names.prefix(4).joined(separator: ", ")
    return names.count > 4 ? "\(shown) and \(names.count - 4) more" : shown
  }
}

/// Collects the parameters of one model while it is being built, and checks that they fit exactly.
public final class ParameterStore: Sendable {
  private struct State {
    var parameters: [Parameter] = []
    var used: Set<String> = []
    var missing: [String] = []
    var misshapen: [String] = []
    var unusable: [String] = []
  }
  private let source: any ParameterSource
  private let isTrainable: @Sendable (String) -> Bool
  private let state = Mutex(State())

  /// - Parameters:
  ///   - source: gives each key's value.
  ///   - isTrainable: which keys get gradients; those are copied to float32 of their own.
  public init(
    _ source: any ParameterSource, isTrainable: @escaping @Sendable (String) -> Bool = { _ in false }
  ) {
    self.source = source
    self.isTrainable = isTrainable
  }

  /// The start of every key.
  public var root: ParameterPath { ParameterPath(store: self, key: "") }

  /// In the order the model asked for them.
  public var parameters: [Parameter] { state.withLock { $0.parameters } }

  /// The parameter of that key and shape; a problem is remembered for `finish`, and the parameter has no elements.
  func parameter(keys: [String], shape: [Int], initializer: Initializer) -> Parameter {
    let key = keys.first { source.shape(of: $0) != nil } ?? keys[0]
    let trainable = isTrainable(keys[0])
    var value = Tensor.zeros([0])
    let found = source.shape(of: key)
    // A linear projection may be stored as a 1×1 convolution, and the other way round.
    let sameCount = found.map { $0.filter { $0 != 1 } == shape.filter { $0 != 1 } } ?? true
    // What a configuration claims is no reason to fill the memory: a parameter with a problem has no value.
    if !sameCount {
      state.withLock { $0.misshapen.append("\(key) \(found ?? []) instead of \(shape)") }
    } else if let problem = source.problem(of: key) {
      state.withLock { $0.unusable.append("\(key) \(problem)") }
    } else if let tensor = source.tensor(key, shape: shape, initializer: initializer) {
      value = tensor.reshaped(shape)
      if trainable || shape.count <= 1 { value = value.ownedFloat32() }
    } else {
      state.withLock { $0.missing.append(key) }
    }
    let parameter = Parameter(name: keys[0], value: value, isTrainable: trainable)
    if parameter.shape == shape { source.adapters(of: key, shape: shape).forEach(parameter.attach) }
    state.withLock {
      $0.used.insert(key)
      $0.parameters.append(parameter)
    }
    return parameter
  }

  /// Throws one error that names every missing, misshapen and unconsumed key.
  /// - Parameter ignoring: suffixes of keys that may be left over.
  public func finish(ignoring: [String] = []) throws(ParameterError) {
    let (used, missing, misshapen, unusable) = state.withLock { ($0.used, $0.missing, $0.misshapen, $0.unusable) }
    let unused = source.keys.filter { key in
      !used.contains(key) && !ignoring.contains { key.hasSuffix($0) }
    }
    if missing.isEmpty && misshapen.isEmpty && unusable.isEmpty && unused.isEmpty { return }
    throw ParameterError(
      source: source.description, missing: missing, misshapen: misshapen, unusable: unusable, unused: unused)
  }
}

extension Tensor {
  /// A float32 copy that nobody else holds.
  public func ownedFloat32() -> Tensor {
    dtype == .f32 ? detached.scaled(by: 1) : detached.cast(to: .f32)
  }
}

/// A position in a model's tree of names. The path expression is the checkpoint key, spelled once:
/// `p.mid_block.resnets[0].conv1` asks for `mid_block.resnets.0.conv1.…`.
@dynamicMemberLookup
public struct ParameterPath: Sendable {
  let store: ParameterStore
  let key: String
  var alternatives: [String] = []

  init(store: ParameterStore, key: String) {
    self.store = store
    self.key = key
  }

  public subscript(dynamicMember name: String) -> ParameterPath { child(name) }
  public subscript(index: Int) -> ParameterPath { child(String(index)) }

  /// The path one level down.
  public func child(_ name: String) -> ParameterPath {
    var path = ParameterPath(store: store, key: key.isEmpty ? name : "\(key).\(name)")
    path.alternatives = alternatives.map { "\($0).\(name)" }
    return path
  }

  /// The same path, or an older name for its last `parts` parts.
  public func or(_ name: String, replacing parts: Int = 1) -> ParameterPath {
    var path = self
    let parent = key.split(separator: ".").dropLast(parts).joined(separator: ".")
    path.alternatives.append(parent.isEmpty ? name : "\(parent).\(name)")
    return path
  }

  /// The parameter at this path.
  public func parameter(_ shape: [Int], _ initializer: Initializer) -> Parameter {
    store.parameter(keys: [key] + alternatives, shape: shape, initializer: initializer)
  }
}
