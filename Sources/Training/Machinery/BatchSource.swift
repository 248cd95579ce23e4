/// Where a run's examples come from.
public protocol BatchSource<Batch> {
  associatedtype Batch

  /// Examples there are.
  var count: Int { get }

  /// Which examples each batch has.
  func order(batch: Int, seed: UInt64) -> any ExampleOrder

  /// Reads examples and makes a batch of them.
  /// - Parameters:
  ///   - draws: which ones; of one shape, as `order` gives them.
  ///   - random: the numbers of each example; what is drawn here (mirroring, captions left out) comes before what the
  ///     objective draws.
  func batch(_ draws: [Draw], random: inout [ExampleRandom]) throws -> Batch
}

extension BatchSource {
  public func order(batch: Int, seed: UInt64) -> any ExampleOrder {
    ShuffledOrder(count: count, size: batch, seed: seed)
  }
}
