import CKernels
import COpenBLAS

/// A dense matrix in double precision, row by row, for statistics: products and eigenvalues by OpenBLAS.
public struct DoubleMatrix: Sendable, Equatable {
  public let rows, columns: Int
  public var values: [Double]

  /// Why matrices of this kind cannot be computed with here, with what to do; nil if they can.
  public static var unavailableReason: String? {
    if iblas_has_double() != 0 { return nil }
    let reason = String(cString: iblas_error())
    return reason.isEmpty ? "libopenblas.so.0 lacks cblas_dgemm or dsyevd; install libopenblas0-pthread" : reason
  }

  /// - Parameter values: `rows · columns` of them.
  public init(rows: Int, columns: Int, _ values: [Double]) {
    precondition(values.count == rows * columns, "\(values.count) values for a matrix of \(rows)×\(columns)")
    (self.rows, self.columns, self.values) = (rows, columns, values)
  }

  public static func zeros(rows: Int, columns: Int) -> DoubleMatrix {
    DoubleMatrix(rows: rows, columns: columns, Array(repeating: 0, count: rows * columns))
  }

  public subscript(row: Int, column: Int) -> Double { values[row * columns + column] }

  /// `a b`, each transposed if asked.
  public static func product(
    _ a: DoubleMatrix, _ b: DoubleMatrix, transposeA: Bool = false, transposeB: Bool = false
  ) -> DoubleMatrix {
    let (m, k) = transposeA ? (a.columns, a.rows) : (a.rows, a.columns)
    let n = transposeB ? b.rows : b.columns
    precondition(k == (transposeB ? b.columns : b.rows), "product of \(a.rows)×\(a.columns) and \(b.rows)×\(b.columns)")
    precondition(unavailableReason == nil, unavailableReason ?? "")
    guard m * n * k > 0 else { return .zeros(rows: m, columns: n) }
    let values = [Double](unsafeUninitializedCapacity: m * n) { out, count in
      iblas_dgemm(
        ik_threads(), transposeA ? 1 : 0, transposeB ? 1 : 0, Int64(m), Int64(n), Int64(k), a.values,
        Int64(a.columns), b.values, Int64(b.columns), out.baseAddress, Int64(n))
      count = m * n
    }
    return DoubleMatrix(rows: m, columns: n, values)
  }

  /// Eigenvalues of a symmetric matrix, ascending, and the eigenvectors as the rows of a matrix.
  public func symmetricEigen() -> (values: [Double], vectors: DoubleMatrix) {
    var copy = self
    let values = copy.diagonalize(wantsVectors: true)
    return (values, copy)
  }

  /// Eigenvalues of a symmetric matrix, ascending.
  public func symmetricEigenvalues() -> [Double] {
    var copy = self
    return copy.diagonalize(wantsVectors: false)
  }

  /// By LAPACK's dsyevd; overwrites the values.
  private mutating func diagonalize(wantsVectors: Bool) -> [Double] {
    precondition(rows == columns, "eigenvalues of a matrix of \(rows)×\(columns)")
    precondition(Self.unavailableReason == nil, Self.unavailableReason ?? "")
    guard rows > 0 else { return [] }
    let size = rows
    var found = [Double](repeating: 0, count: size)
    let status = values.withUnsafeMutableBufferPointer {
      iblas_symmetric_eigen(ik_threads(), wantsVectors ? 1 : 0, Int64(size), $0.baseAddress, &found)
    }
    // It ends unless a value is no number.
    return status == 0 ? found : found.map { _ in .nan }
  }
}
