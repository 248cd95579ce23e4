import TensorCore

extension DoubleMatrix {
  /// The values of a float tensor `[n, d]`.
  public init(_ tensor: Tensor) {
    precondition(tensor.rank == 2, "a matrix of a tensor \(tensor.shape)")
    self.init(rows: tensor.shape[0], columns: tensor.shape[1], tensor.floats().map(Double.init))
  }

  /// One row.
  func row(_ place: Int) -> ArraySlice<Double> { values[(place * columns)..<((place + 1) * columns)] }

  /// Some of the rows.
  func rows(_ places: [Int]) -> DoubleMatrix {
    DoubleMatrix(rows: places.count, columns: columns, places.flatMap { row($0) })
  }

  /// The sum of the squares of each row.
  var rowSquares: [Double] { (0..<rows).map { row($0).reduce(0) { $0 + $1 * $1 } } }

  /// The sum of each column.
  var columnSums: [Double] {
    var sums = Array(repeating: 0.0, count: columns)
    for place in 0..<rows { for (column, value) in row(place).enumerated() { sums[column] += value } }
    return sums
  }

  /// Rows as columns.
  var transposed: DoubleMatrix {
    DoubleMatrix(
      rows: columns, columns: rows,
      (0..<columns).flatMap { column in (0..<rows).map { values[$0 * columns + column] } })
  }
}
