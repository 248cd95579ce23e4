import NN
import TensorCore

/// Processes that train one model together: each takes its share of a step's batches, and what they found is summed.
///
/// There is one process today. Another implementation has to add up in an order that does not depend on timing.
public protocol Communicator: Sendable {
  /// Processes in all.
  var size: Int { get }
  /// This one's number, from 0.
  var rank: Int { get }
  /// Replaces each number by its sum over all processes.
  func sum(_ numbers: inout [Double]) throws
  /// Replaces each parameter's gradient by its sum over all processes.
  func sum(_ gradients: inout Gradients, of parameters: [Parameter]) throws
}

/// One process alone.
public struct SingleProcess: Communicator {
  public let size = 1
  public let rank = 0
  public init() {}
  public func sum(_ numbers: inout [Double]) {}
  public func sum(_ gradients: inout Gradients, of parameters: [Parameter]) {}
}
