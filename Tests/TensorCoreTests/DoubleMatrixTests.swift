import TensorCore
import TestSupport
import Testing

@Suite struct DoubleMatrixTests {
  private func matrix(_ rows: Int, _ columns: Int, _ random: inout TestRandom) -> DoubleMatrix {
    DoubleMatrix(rows: rows, columns: columns, (0..<(rows * columns)).map { _ in Double(random.normal()) })
  }

  @Test(arguments: [(3, 5, 4), (1, 1, 1), (17, 2, 33), (0, 3, 2)], [false, true])
  func productsAreSums(_ size: (Int, Int, Int), isTransposed: Bool) {
    let (m, k, n) = size
    var random = TestRandom(seed: 3)
    let a = isTransposed ? matrix(k, m, &random) : matrix(m, k, &random)
    let b = isTransposed ? matrix(n, k, &random) : matrix(k, n, &random)
    let c = DoubleMatrix.product(a, b, transposeA: isTransposed, transposeB: isTransposed)
    #expect(c.rows == m && c.columns == n)
    for i in 0..<m {
      for j in 0..<n {
        let sum = (0..<k).reduce(0.0) { $0 + (isTransposed ? a[$1, i] * b[j, $1] : a[i, $1] * b[$1, j]) }
        #expect(abs(c[i, j] - sum) < 1e-12)
      }
    }
  }

  @Test(arguments: [1, 2, 9, 40]) func eigenvectorsDiagonalize(_ size: Int) {
    var random = TestRandom(seed: 5)
    let x = matrix(size, size + 3, &random)
    let a = DoubleMatrix.product(x, x, transposeB: true)
    let (values, vectors) = a.symmetricEigen()
    #expect(values == values.sorted() && values[0] > 0)
    #expect(zip(values, a.symmetricEigenvalues()).allSatisfy { abs($0 - $1) < 1e-9 * values[size - 1] })
    let turned = DoubleMatrix.product(vectors, a)
    for row in 0..<size {
      for column in 0..<size {
        #expect(abs(turned[row, column] - values[row] * vectors[row, column]) < 1e-9 * values[size - 1])
      }
    }
  }
}
