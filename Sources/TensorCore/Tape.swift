import Synchronization

/// Where on which tape a tensor was recorded.
struct Trace: Sendable {
  let tape: UInt64
  let index: Int
}

/// A flat record of the operations inside one `valueAndGradients` scope, in execution order.
///
/// Reverse order is a topological order, so backward is one loop without sort or recursion. Nothing records outside a
/// scope; values that do not depend on a trainable leaf are never recorded, so frozen weights cost nothing.
/// Used by one thread at a time, the one that opened the scope.
public final class Tape: @unchecked Sendable {
  package typealias Pullback = (_ gradient: Tensor, _ needed: [Bool]) -> [Tensor?]

  private struct Entry {
    let output: Int
    let inputs: [Int]
    var pullback: Pullback?
  }

  @TaskLocal static var current: Tape?
  private static let nextID = Atomic<UInt64>(1)

  /// The tape that records in this scope, if any.
  public static var active: Tape? { current }

  let id: UInt64
  private var entries: [Entry] = []
  private var valueCount = 0
  private var leaves: [ObjectIdentifier: (object: AnyObject, index: Int)] = [:]

  init() { id = Self.nextID.wrappingAdd(1, ordering: .relaxed).oldValue }

  private func newIndex() -> Int {
    defer { valueCount += 1 }
    return valueCount
  }

  /// Position of a tensor on this tape, or -1 if gradients do not flow to it.
  private func index(of tensor: Tensor) -> Int {
    guard let trace = tensor.trace, trace.tape == id else { return -1 }
    return trace.index
  }

  /// `value` as the leaf that stands for `object`; the same leaf each time.
  public func leaf(_ object: AnyObject, value: Tensor) -> Tensor {
    let key = ObjectIdentifier(object)
    let index = leaves[key]?.index ?? newIndex()
    leaves[key] = (object, index)
    var traced = value
    traced.trace = Trace(tape: id, index: index)
    return traced
  }

  /// Records `output = f(inputs)`. The pullback gets the gradient of the output and which inputs want one.
  package static func record(_ output: Tensor, _ inputs: [Tensor], _ pullback: @escaping Pullback) -> Tensor {
    guard let tape = current else { return output }
    let indices = inputs.map { tape.index(of: $0) }
    guard indices.contains(where: { $0 >= 0 }) else { return output }
    var traced = output
    let index = tape.newIndex()
    traced.trace = Trace(tape: tape.id, index: index)
    tape.entries.append(Entry(output: index, inputs: indices, pullback: pullback))
    return traced
  }

  /// Whether an operation on these inputs would be recorded (so that kernels can skip saving what only backward needs).
  static func isRecording(_ inputs: Tensor...) -> Bool {
    guard let tape = current else { return false }
    return inputs.contains { tape.index(of: $0) >= 0 }
  }

  /// Told a leaf's object and its gradient as soon as nothing is added to it any more.
  public typealias OnFinal = (_ object: AnyObject, _ gradient: Tensor) -> Void

  /// Runs backward from `output` with gradient `seed`, freeing entries as it passes them.
  func backward(from output: Tensor, seed: Tensor, onFinal: OnFinal? = nil) -> [Int: Tensor] {
    var gradients: [Int: Tensor] = [:]
    let start = index(of: output)
    guard start >= 0 else { return gradients }
    gradients[start] = seed
    let leafIndices = Set(leaves.values.map(\.index))
    var finals = onFinal.map { _ in lastAdditions }
    while let entry = entries.popLast() {
      defer {
        if let onFinal, let objects = finals?.removeValue(forKey: entries.count) {
          for (object, index) in objects {
            if let gradient = gradients.removeValue(forKey: index) { onFinal(object, gradient) }
          }
        }
      }
      guard let gradient = gradients[entry.output], let pullback = entry.pullback else { continue }
      if !leafIndices.contains(entry.output) { gradients[entry.output] = nil }
      let needed = entry.inputs.map { $0 >= 0 }
      let parts = Tape.$current.withValue(nil) { pullback(gradient, needed) }
      for (index, part) in zip(entry.inputs, parts) where index >= 0 {
        guard let part else { continue }
        if let sum = gradients[index] {
          gradients[index] = part.kernels.binary(.add, sum, part, shape: part.shape)
        } else {
          gradients[index] = part
        }
      }
    }
    return gradients
  }

  /// The leaves to whose gradients each entry is the last to add, by the entry's position: the first that used them.
  private var lastAdditions: [Int: [(object: AnyObject, index: Int)]] {
    var firstUse: [Int: Int] = [:]
    for (position, entry) in entries.enumerated() {
      for index in entry.inputs where index >= 0 && firstUse[index] == nil { firstUse[index] = position }
    }
    var found: [Int: [(object: AnyObject, index: Int)]] = [:]
    for leaf in leaves.values {
      if let position = firstUse[leaf.index] { found[position, default: []].append(leaf) }
    }
    return found
  }

  /// Leaf objects and their positions.
  var leafTable: [ObjectIdentifier: (object: AnyObject, index: Int)] { leaves }
}

/// Gradients of a scalar with respect to leaf objects.
public struct Gradients {
  fileprivate var byObject: [ObjectIdentifier: Tensor] = [:]

  public init() {}

  /// The gradient for `object`, or nil if the value does not depend on it.
  public subscript(object: AnyObject) -> Tensor? {
    get { byObject[ObjectIdentifier(object)] }
    set { byObject[ObjectIdentifier(object)] = newValue }
  }

  public var isEmpty: Bool { byObject.isEmpty }
}

/// Evaluates `body` while recording, then differentiates its scalar result.
/// - Parameters:
///   - onFinal: given each leaf's gradient while the others are still computed, so that it can travel meanwhile.
///   - body: returns a tensor of one element, computed from leaves (parameters, or `Tape.leaf`).
/// - Returns: the value and the gradient of each leaf used; with `onFinal`, which has them, none.
public func valueAndGradients(
  scale: Float = 1, onFinal: Tape.OnFinal? = nil, _ body: () throws -> Tensor
) rethrows -> (value: Tensor, gradients: Gradients) {
  let tape = Tape()
  let value = try Tape.$current.withValue(tape) { try body() }
  precondition(value.count == 1, "valueAndGradients of a tensor of shape \(value.shape), not a scalar")
  let seed = Tensor(repeating: scale, shape: value.shape, dtype: value.dtype, device: value.device)
  let found = tape.backward(from: value, seed: seed, onFinal: onFinal)
  var gradients = Gradients()
  for (key, leaf) in tape.leafTable {
    if let gradient = found[leaf.index] { gradients.byObject[key] = gradient }
  }
  return (value.detached, gradients)
}

/// Evaluates `body` without recording: what it gives is a constant to those who differentiate around it.
public func withoutRecording<R>(_ body: () throws -> R) rethrows -> R {
  try Tape.$current.withValue(nil) { try body() }
}

/// Leaves of plain tensors, for gradients with respect to inputs (guidance, tests).
public final class Variable: Sendable {
  /// The value, never recorded.
  public let plainValue: Tensor

  public init(_ value: Tensor) { plainValue = value.detached }

  /// The value; a leaf inside a recording scope.
  public var value: Tensor { Tape.current?.leaf(self, value: plainValue) ?? plainValue }
}
