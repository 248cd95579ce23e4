import Foundation

/// Small symmetric matrices, row by row.
public enum SymmetricMatrix {
  /// Eigenvalues, and eigenvectors as the columns of `vectors`.
  public struct Eigen {
    public var values: [Double]
    public var vectors: [Double]
  }

  /// By Jacobi's rotations (Golub & Van Loan, Matrix Computations, §8.5).
  public static func eigen(_ matrix: [Double], size n: Int) -> Eigen {
    precondition(matrix.count == n * n, "a square matrix")
    var a = matrix
    var v = (0..<(n * n)).map { $0 / n == $0 % n ? 1.0 : 0.0 }
    for _ in 0..<64 {
      let off = a.indices.filter { $0 / n != $0 % n }.reduce(0) { $0 + a[$1] * a[$1] }
      let diagonal = (0..<n).reduce(0) { $0 + a[$1 * n + $1] * a[$1 * n + $1] }
      if off <= 1e-28 * diagonal { break }
      for p in 0..<n {
        for q in (p + 1)..<max(n, p + 1) where a[p * n + q] != 0 { rotate(&a, &v, n, p, q) }
      }
    }
    return Eigen(values: (0..<n).map { a[$0 * n + $0] }, vectors: v)
  }

  /// One rotation, which makes element (p, q) zero.
  private static func rotate(_ a: inout [Double], _ v: inout [Double], _ n: Int, _ p: Int, _ q: Int) {
    let theta = (a[q * n + q] - a[p * n + p]) / (2 * a[p * n + q])
    let t = (theta >= 0 ? 1 : -1) / (abs(theta) + (theta * theta + 1).squareRoot())
    let c = 1 / (t * t + 1).squareRoot()
    let s = t * c
    for k in 0..<n {
      let (x, y) = (a[k * n + p], a[k * n + q])
      (a[k * n + p], a[k * n + q]) = (c * x - s * y, s * x + c * y)
    }
    for k in 0..<n {
      let (x, y) = (a[p * n + k], a[q * n + k])
      (a[p * n + k], a[q * n + k]) = (c * x - s * y, s * x + c * y)
    }
    for k in 0..<n {
      let (x, y) = (v[k * n + p], v[k * n + q])
      (v[k * n + p], v[k * n + q]) = (c * x - s * y, s * x + c * y)
    }
  }

  /// The matrix with the same eigenvectors and `f` of the eigenvalues.
  public static func function(_ eigen: Eigen, _ f: (Double) -> Double) -> [Double] {
    let n = eigen.values.count
    return (0..<(n * n)).map { at in
      (0..<n).reduce(0) {
        $0 + eigen.vectors[at / n * n + $1] * f(eigen.values[$1]) * eigen.vectors[at % n * n + $1]
      }
    }
  }
}
