import Synchronization
import TensorCore

/// A named weight. Its value is replaced or updated in place by an optimiser; models only read it.
public final class Parameter: TapeLeaf, Sendable {
  /// The key in the checkpoint, such as `mid_block.resnets.0.conv1.weight`.
  public let name: String
  public let shape: [Int]
  public let isTrainable: Bool
  private let stored: Mutex<Tensor>

  public init(name: String, value: Tensor, isTrainable: Bool) {
    self.name = name
    shape = value.shape
    self.isTrainable = isTrainable
    stored = Mutex(value.detached)
  }

  /// The value, never recorded.
  public var value: Tensor { stored.withLock { $0 } }

  /// The value for use in a model: a leaf of the current tape if this parameter is trainable.
  public var tensor: Tensor {
    guard isTrainable, let tape = Tape.active else { return value }
    return tape.leaf(self, value: value)
  }

  public func tensor(on tape: Tape) -> Tensor {
    isTrainable ? tape.leaf(self, value: value) : value
  }

  /// Replaces the value.
  public func replace(with value: Tensor) {
    precondition(value.shape == shape, "\(name): value of shape \(value.shape) for \(shape)")
    stored.withLock { $0 = value.detached }
  }
}
