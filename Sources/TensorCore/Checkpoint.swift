/// Runs `block` without keeping its intermediate values; backward runs it again (Chen et al. 2016). Weights that were repacked
/// for its gradients are not kept either.
///
/// - Parameters:
///   - inputs: tensors the block depends on, besides parameters.
///   - block: a pure function of its arguments and of parameters.
/// - Returns: `block(inputs)`, differentiable in inputs and parameters, for one more forward pass of time.
public func checkpoint(_ inputs: [Tensor], _ block: @escaping ([Tensor]) -> Tensor) -> Tensor {
  guard let outer = Tape.current else { return block(inputs) }
  // A first dry recording finds the parameters the block uses; its entries are dropped at once.
  let probe = Tape()
  let boxes = inputs.map { Variable($0) }
  let output = Tape.$current.withValue(probe) { block(boxes.map(\.value)) }
  let inputKeys = Set(boxes.map { ObjectIdentifier($0) })
  let parameters = probe.leafTable.filter { !inputKeys.contains($0.key) }.map(\.value.object)
  let leaves = parameters.compactMap { ($0 as? any TapeLeaf)?.tensor(on: outer) }
  precondition(leaves.count == parameters.count, "a checkpointed block used a leaf that cannot be re-read")
  return Tape.record(output.detached, inputs + leaves) { gradient, needed in
    let tape = Tape()
    let variables = inputs.map { Variable($0) }
    let value = Tape.$current.withValue(tape) {
      block(zip(variables, needed).map { $1 ? $0.value : $0.plainValue })
    }
    let found = DerivedForms.$dropsGradientForms.withValue(true) { tape.backward(from: value, seed: gradient) }
    let table = tape.leafTable
    return (variables as [AnyObject] + parameters).map { object in
      table[ObjectIdentifier(object)].flatMap { found[$0.index] }
    }
  }
}

/// An object that can present its value as a leaf of a tape.
public protocol TapeLeaf: AnyObject {
  /// Its value, recorded as a leaf of `tape`.
  func tensor(on tape: Tape) -> Tensor
}

extension Variable: TapeLeaf {
  public func tensor(on tape: Tape) -> Tensor { tape.leaf(self, value: plainValue) }
}
