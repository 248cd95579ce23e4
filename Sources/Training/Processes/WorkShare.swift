import Generation

/// How the work of a step is divided among processes: by examples, whatever batches the recipe names, so that a run learns the same
/// on any number of them.
struct WorkShare {
  let rank, size: Int

  init(_ communicator: any Communicator) { (rank, size) = (communicator.rank, communicator.size) }

  /// This process's part of a step's batches; none is empty.
  ///
  /// Batches are cut where each has an example for every process, else they are dealt out whole.
  func part(of batches: [[Draw]]) -> [[Draw]] {
    guard size > 1 else { return batches }
    guard batches.allSatisfy({ $0.count >= size }) else {
      return batches.indices.filter { $0 % size == rank }.map { batches[$0] }
    }
    return batches.map { Array($0[range(of: $0.count)]) }
  }

  /// This process's part of so many things in a row.
  func range(of count: Int) -> Range<Int> { RowShare.range(of: count, rank: rank, size: size) }

  /// Which process keeps the optimiser's memory of which parameter: about as many numbers each, those in a row together.
  static func owners(_ sizes: [Int], processes: Int) -> [Int] {
    let total = max(sizes.reduce(0, +), 1)
    var before = 0
    return sizes.map { size in
      defer { before += size }
      return min((before + size / 2) * processes / total, processes - 1)
    }
  }
}
