import Generation

/// Processes that train one model together. Every process makes the same calls in the same order.
///
/// Sums are added up in an order that depends on the number of processes and not on timing.
public protocol Communicator: RowExchange {
  /// Replaces each number by its sum over all processes.
  func sum(_ numbers: inout [Double]) throws
  /// Starts adding up numbers over all processes for one of them; the caller goes on meanwhile.
  func startSum(_ values: [Float], for root: Int) -> any PendingSum
}

extension Communicator {
  /// Whether this process writes files and draws samples.
  public var leads: Bool { rank == 0 }
}

/// A sum that is on its way.
public protocol PendingSum {
  /// Waits for it.
  /// - Returns: the sums for the process they are for, nothing for others.
  func wait() throws -> [Float]
}

/// One process alone.
public struct SingleProcess: Communicator {
  public let size = 1
  public let rank = 0
  public init() {}
  public func sum(_ numbers: inout [Double]) {}
  public func startSum(_ values: [Float], for root: Int) -> any PendingSum { KnownSum(values: values) }
  public func broadcast(_ values: inout [Float], from root: Int) {}
}

private struct KnownSum: PendingSum {
  let values: [Float]
  func wait() -> [Float] { values }
}
