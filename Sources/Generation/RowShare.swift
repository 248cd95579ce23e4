import TensorCore

/// Other processes at the same work, to which each hands on what it has computed.
public protocol RowExchange: Sendable {
  /// Processes in all.
  var size: Int { get }
  /// This one's number, from 0.
  var rank: Int { get }
  /// Replaces numbers by those of `root`; all have to call it, with as many.
  func broadcast(_ values: inout [Float], from root: Int) throws
}

/// Shares the rows of each call of the network among processes: of a guided step's two halves two processes compute one each. All
/// run the same sampler on all rows' predictions, so that only these travel.
public enum RowShare {
  /// Whom the work inside shares its rows with; nil for nobody.
  @TaskLocal public static var current: (any RowExchange)?

  /// The pieces a process does, of so many: rows of a call, examples of a batch, pictures.
  package static func range(of count: Int, rank: Int, size: Int) -> Range<Int> {
    count * rank / size..<count * (rank + 1) / size
  }

  /// All rows' predictions, each computed by one process.
  /// - Parameters:
  ///   - count: rows in all.
  ///   - shape: of one row's prediction, `[h, w, C]`.
  ///   - compute: predictions `[n, h, w, C]`, float32, of some of the rows.
  /// - Returns: `[count, h, w, C]`, float32.
  static func predictions(
    _ count: Int, shape: [Int], by exchange: any RowExchange, _ compute: (Range<Int>) -> Tensor
  ) throws -> Tensor {
    let own = range(of: count, rank: exchange.rank, size: exchange.size)
    let computed = own.isEmpty ? nil : compute(own)
    let width = shape.reduce(1, *)
    var all: [Float] = []
    all.reserveCapacity(count * width)
    for root in 0..<exchange.size {
      let rows = range(of: count, rank: root, size: exchange.size)
      guard !rows.isEmpty else { continue }
      var values = root == exchange.rank ? computed?.floats() ?? [] : Array(repeating: 0, count: rows.count * width)
      try exchange.broadcast(&values, from: root)
      all += values
    }
    return Tensor(all, shape: [count] + shape)
  }
}
