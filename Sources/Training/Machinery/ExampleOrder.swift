import Randomness

/// An example's turn: which one, and how often all were seen before.
public struct Draw: Sendable, Equatable {
  public let index: Int
  public let epoch: Int

  public init(index: Int, epoch: Int) { (self.index, self.epoch) = (index, epoch) }
}

/// Which examples each batch of a run has: a function of the batch's number, so any step can be resumed.
public protocol ExampleOrder {
  /// Batches in an epoch, the last of which may be shared with the next one.
  var batchesPerEpoch: Int { get }
  /// The examples of batch `number`, counted from 0 over the whole run.
  mutating func batch(_ number: Int) -> [Draw]
}

/// A new permutation each epoch; a batch may reach over the end of an epoch, so all are of one size.
public struct ShuffledOrder: ExampleOrder {
  private let count, size: Int
  private let seed: UInt64
  private var epoch = -1
  private var order: [Int] = []

  /// - Parameters:
  ///   - count: examples, at least one.
  ///   - size: examples of a batch.
  public init(count: Int, size: Int, seed: UInt64) {
    precondition(count > 0 && size > 0, "\(count) examples in batches of \(size)")
    (self.count, self.size, self.seed) = (count, size, seed)
  }

  public var batchesPerEpoch: Int { (count + size - 1) / size }

  public mutating func batch(_ number: Int) -> [Draw] {
    (number * size..<(number + 1) * size).map { position in
      if position / count != epoch {
        epoch = position / count
        order = EpochPermutation.make(count, seed: seed, epoch: epoch)
      }
      return Draw(index: order[position % count], epoch: epoch)
    }
  }
}

/// Each example once: for data that is made anew without end.
package struct EndlessOrder: ExampleOrder {
  let size: Int

  /// - Parameter size: examples of a batch.
  package init(size: Int) { self.size = size }

  package var batchesPerEpoch: Int { Int.max }

  package func batch(_ number: Int) -> [Draw] {
    (number * size..<(number + 1) * size).map { Draw(index: $0, epoch: 0) }
  }
}

/// Examples of several kinds, such as shapes of pictures: a batch is of one kind, the last of each kind may be smaller.
public struct GroupedOrder: ExampleOrder {
  private let groups: [[Int]]
  private let size: Int
  private let seed: UInt64
  private var epoch = -1
  private var batches: [[Int]] = []

  /// - Parameter groups: the examples of each kind; together at least one.
  public init(groups: [[Int]], size: Int, seed: UInt64) {
    precondition(size > 0 && groups.contains { !$0.isEmpty }, "no examples in batches of \(size)")
    (self.groups, self.size, self.seed) = (groups.filter { !$0.isEmpty }, size, seed)
  }

  public var batchesPerEpoch: Int { groups.reduce(0) { $0 + ($1.count + size - 1) / size } }

  public mutating func batch(_ number: Int) -> [Draw] {
    if number / batchesPerEpoch != epoch {
      epoch = number / batchesPerEpoch
      batches = []
      for (kind, group) in groups.enumerated() {
        let order = EpochPermutation.make(group.count, seed: seed, epoch: epoch, stream: UInt64(kind) + 2)
        batches += stride(from: 0, to: group.count, by: size).map { start in
          order[start..<min(start + size, group.count)].map { group[$0] }
        }
      }
      let order = EpochPermutation.make(batches.count, seed: seed, epoch: epoch)
      batches = order.map { batches[$0] }
    }
    return batches[number % batchesPerEpoch].map { Draw(index: $0, epoch: epoch) }
  }
}

/// The order of one epoch.
enum EpochPermutation {
  static func make(_ count: Int, seed: UInt64, epoch: Int, stream: UInt64 = 1) -> [Int] {
    var generator = TorchGenerator(seed: ExampleRandom.mixed(seed, UInt64(epoch), stream))
    return generator.permutation(count)
  }
}
