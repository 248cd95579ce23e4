import Synchronization
import TensorCore

/// A named weight. Its value is replaced or updated in place by an optimiser; models only read it.
public final class Parameter: TapeLeaf, Sendable {
  /// The key in the checkpoint, such as `mid_block.resnets.0.conv1.weight`.
  public let name: String
  public let shape: [Int]
  public let isTrainable: Bool
  private let stored: Mutex<Tensor>
  private let attached = Mutex<[LowRankAdapter]>([])

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

  /// Low-rank changes that the layer with this weight adds to its result; none unless somebody attached some.
  public var adapters: [LowRankAdapter] { attached.withLock { $0 } }

  /// Adds a low-rank change beside the weight.
  public func attach(_ adapter: LowRankAdapter) {
    let (out, inner) = (adapter.up.shape[0], adapter.down.shape.dropFirst().reduce(1, *))
    precondition(
      out == shape[0] && inner == shape.dropFirst().reduce(1, *),
      "\(name): adapter of down \(adapter.down.shape) and up \(adapter.up.shape) for \(shape)")
    attached.withLock { $0.append(adapter) }
  }

  /// Takes all low-rank changes off.
  public func detachAdapters() { attached.withLock { $0 = [] } }

  /// Replaces the value.
  public func replace(with value: Tensor) {
    precondition(value.shape == shape, "\(name): value of shape \(value.shape) for \(shape)")
    stored.withLock { $0 = value.detached }
  }
}
