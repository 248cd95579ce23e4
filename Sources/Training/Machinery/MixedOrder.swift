import Randomness

/// More of one kind of examples at first: of the first batches a set share is of that kind, afterwards all come as in
/// `ShuffledOrder`.
package struct MixedOrder: ExampleOrder {
  private let size, batches: Int
  private let share: Double
  private var chosen, others: Cycle
  private var later: ShuffledOrder
  private let laterEpoch: Int

  /// - Parameters:
  ///   - chosen: the examples of that kind, at least one.
  ///   - others: the rest, at least one.
  ///   - share: of `chosen` in the first batches, 0...1.
  ///   - batches: how many batches are the first.
  ///   - size: examples of a batch.
  package init(chosen: [Int], others: [Int], share: Double, batches: Int, size: Int, seed: UInt64) {
    precondition(!chosen.isEmpty && !others.isEmpty && (0...1).contains(share), "a mix of nothing")
    (self.size, self.batches, self.share) = (size, batches, share)
    // Streams of their own, so that no order is another's.
    self.chosen = Cycle(chosen, seed: seed, stream: 0x6d01)
    self.others = Cycle(others, seed: seed, stream: 0x6d02)
    later = ShuffledOrder(count: chosen.count + others.count, size: size, seed: seed)
    // Numbers belong to an example and an epoch: later epochs count on from those before.
    let end = Self.count(batches * size, share)
    laterEpoch = max(
      (end + chosen.count - 1) / chosen.count, (batches * size - end + others.count - 1) / others.count)
  }

  package var batchesPerEpoch: Int { later.batchesPerEpoch }

  package mutating func batch(_ number: Int) -> [Draw] {
    guard number < batches else {
      return later.batch(number - batches).map { Draw(index: $0.index, epoch: $0.epoch + laterEpoch) }
    }
    let (begin, end) = (Self.count(number * size, share), Self.count((number + 1) * size, share))
    return (begin..<end).map { chosen.draw($0) }
      + (number * size - begin..<(number + 1) * size - end).map { others.draw($0) }
  }

  /// Of so many examples, how many are of the kind.
  private static func count(_ examples: Int, _ share: Double) -> Int { Int((Double(examples) * share).rounded()) }

  /// A list, over and over in new orders.
  private struct Cycle {
    let list: [Int]
    let seed, stream: UInt64
    private var epoch = -1
    private var order: [Int] = []

    init(_ list: [Int], seed: UInt64, stream: UInt64) { (self.list, self.seed, self.stream) = (list, seed, stream) }

    mutating func draw(_ position: Int) -> Draw {
      if position / list.count != epoch {
        epoch = position / list.count
        order = EpochPermutation.make(list.count, seed: seed, epoch: epoch, stream: stream)
      }
      return Draw(index: list[order[position % list.count]], epoch: epoch)
    }
  }
}
