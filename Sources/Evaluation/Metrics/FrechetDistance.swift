import TensorCore

/// The Fréchet distance between two sets of features, each taken for a normal distribution (Heusel et al. 2017, eq. 6):
/// `|μ₁ − μ₂|² + tr(Σ₁ + Σ₂ − 2 (Σ₁Σ₂)^½)`. On Inception's features it is FID.
public enum FrechetDistance {
  /// Sums over some pictures' features.
  struct Moments {
    var count = 0
    /// Of the features, and of their products.
    var sums: [Double]
    var products: DoubleMatrix

    /// - Parameter features: `[n, d]`.
    init(_ features: DoubleMatrix) {
      count = features.rows
      products = .product(features, features, transposeA: true)
      sums = features.columnSums
    }

    /// What is left without some of the pictures.
    func without(_ part: Moments) -> Moments {
      var rest = self
      rest.count -= part.count
      for index in sums.indices { rest.sums[index] -= part.sums[index] }
      for index in products.values.indices { rest.products.values[index] -= part.products.values[index] }
      return rest
    }

    var mean: [Double] { sums.map { $0 / Double(count) } }

    /// The unbiased covariance.
    var covariance: DoubleMatrix {
      let (mean, size, scale) = (mean, sums.count, 1 / Double(max(count - 1, 1)))
      var result = products
      for i in 0..<size {
        for j in 0..<size {
          result.values[i * size + j] = scale * (products.values[i * size + j] - sums[i] * mean[j])
        }
      }
      return result
    }
  }

  /// The distance between two sets of features `[n, d]`, with n of at least 2.
  public static func distance(_ a: DoubleMatrix, _ b: DoubleMatrix) -> Double {
    let origin = center(a, b)
    return distance(Moments(moved(a, origin)), Moments(moved(b, origin)))
  }

  /// The same with an interval, which ends at 0: the groups of both sets are left out one after the other.
  public static func estimate(_ a: DoubleMatrix, _ b: DoubleMatrix, _ resampling: Resampling) -> Estimate {
    let origin = center(a, b)
    let (a, b) = (moved(a, origin), moved(b, origin))
    let (first, second) = (Moments(a), Moments(b))
    let parts = zip(resampling.dealt(a.rows), resampling.dealt(b.rows)).map { left, right in
      distance(first.without(Moments(a.rows(left))), second.without(Moments(b.rows(right))))
    }
    var estimate = Resampling.jackknife(distance(first, second), leavingOut: parts)
    estimate.low = max(estimate.low, 0)
    return estimate
  }

  /// The mean of both sets: sums of products about it lose no digits.
  private static func center(_ a: DoubleMatrix, _ b: DoubleMatrix) -> [Double] {
    precondition(a.columns == b.columns, "features of \(a.columns) and \(b.columns) numbers")
    return zip(a.columnSums, b.columnSums).map { ($0 + $1) / Double(a.rows + b.rows) }
  }

  private static func moved(_ matrix: DoubleMatrix, _ origin: [Double]) -> DoubleMatrix {
    var result = matrix
    for row in 0..<matrix.rows {
      for column in 0..<matrix.columns { result.values[row * matrix.columns + column] -= origin[column] }
    }
    return result
  }

  static func distance(_ a: Moments, _ b: Moments) -> Double {
    let (first, second) = (a.covariance, b.covariance)
    let apart = zip(a.mean, b.mean).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    let size = first.rows
    let traces = (0..<size).reduce(0) { $0 + first[$1, $1] + second[$1, $1] }
    // Σ₁Σ₂ has the eigenvalues of the symmetric Σ₁^½ Σ₂ Σ₁^½.
    let eigen = first.symmetricEigen()
    var root = eigen.vectors
    for row in 0..<size {
      let scale = max(eigen.values[row], 0).squareRoot()
      for column in 0..<size { root.values[row * size + column] *= scale }
    }
    let middle = DoubleMatrix.product(.product(root, second), root, transposeB: true)
    let common = middle.symmetricEigenvalues().reduce(0) { $0 + max($1, 0).squareRoot() }
    return apart + traces - 2 * common
  }
}
