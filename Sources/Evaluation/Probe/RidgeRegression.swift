import TensorCore

/// Linear regression with a penalty on the weights (Hoerl & Kennard 1970), its strength chosen by leaving out one row at
/// a time.
package struct RidgeRegression {
  /// `[d, targets]`.
  package let weights: DoubleMatrix
  package let bias: [Double]
  /// The penalty, in units of the mean variance of the standardised features: 1.
  package let strength: Double

  /// Fits every column of `y`.
  /// - Parameters:
  ///   - x: `[n, d]`.
  ///   - y: `[n, targets]`.
  package init(_ x: DoubleMatrix, _ y: DoubleMatrix) {
    let (count, width) = (x.rows, x.columns)
    let (mean, scale) = Self.standard(x)
    var z = x
    for row in 0..<count {
      for column in 0..<width {
        let at = row * width + column
        z.values[at] = (z.values[at] - mean[column]) * scale[column]
      }
    }
    let average = y.columnSums.map { $0 / Double(count) }
    var centred = y
    for at in centred.values.indices { centred.values[at] -= average[at % y.columns] }
    // In the basis of the features' principal axes every strength costs one product.
    let eigen = DoubleMatrix.product(z, z, transposeA: true).symmetricEigen()
    let turned = DoubleMatrix.product(z, eigen.vectors, transposeB: true)
    let correlation = DoubleMatrix.product(turned, centred, transposeA: true)
    let squares = DoubleMatrix(rows: count, columns: width, turned.values.map { $0 * $0 })
    func solution(_ strength: Double) -> DoubleMatrix {
      var scaled = correlation
      for row in 0..<width {
        let factor = 1 / (max(eigen.values[row], 0) + strength * Double(count))
        for column in 0..<scaled.columns { scaled.values[row * scaled.columns + column] *= factor }
      }
      return scaled
    }
    func error(_ strength: Double) -> Double {
      let fitted = DoubleMatrix.product(turned, solution(strength))
      let factors = DoubleMatrix(
        rows: width, columns: 1, eigen.values.map { 1 / (max($0, 0) + strength * Double(count)) })
      let leverage = DoubleMatrix.product(squares, factors).values
      return fitted.values.indices.reduce(0) { sum, at in
        let residual = centred.values[at] - fitted.values[at]
        // The mean is fitted too.
        let left = residual / max(1 - leverage[at / fitted.columns] - 1 / Double(count), 1e-9)
        return sum + left * left
      }
    }
    let errors = Self.strengths.map { ($0, error($0)) }
    strength = errors.min { $0.1 < $1.1 }?.0 ?? 1
    var weights = DoubleMatrix.product(eigen.vectors, solution(strength), transposeA: true)
    for row in 0..<width {
      for column in 0..<y.columns { weights.values[row * y.columns + column] *= scale[row] }
    }
    self.weights = weights
    let shift = DoubleMatrix.product(DoubleMatrix(rows: 1, columns: width, mean), weights)
    bias = zip(average, shift.values).map { $0 - $1 }
  }

  private static let strengths = [1e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1, 3, 10]

  /// Mean, and one over the deviation, of each column; 0 for columns that never change.
  private static func standard(_ x: DoubleMatrix) -> (mean: [Double], scale: [Double]) {
    let mean = x.columnSums.map { $0 / Double(x.rows) }
    var squares = Array(repeating: 0.0, count: x.columns)
    for row in 0..<x.rows {
      for (column, value) in x.row(row).enumerated() {
        squares[column] += (value - mean[column]) * (value - mean[column])
      }
    }
    return (mean, squares.map { $0 > 1e-12 ? (Double(x.rows) / $0).squareRoot() : 0 })
  }
}
