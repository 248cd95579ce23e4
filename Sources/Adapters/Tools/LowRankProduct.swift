import NN
import TensorCore

/// A matrix as the product of a tall and a wide one, `up · down`, float32.
struct LowRankProduct {
  /// `[out, r]`.
  let up: Tensor
  /// `[r, in]`.
  let down: Tensor

  var rank: Int { up.shape[1] }

  /// The best approximation of a smaller rank (Eckart and Young): the largest singular values are kept, their roots on
  /// either side.
  ///
  /// Only r × r matrices are taken apart: with `G = upᵀ up` and `H = down downᵀ`, the squares of the singular values are the
  /// eigenvalues of `√G H √G`, with vectors V; then `up · down = (up √G⁺ V)(Vᵀ √G down)`.
  /// - Returns: the product, and the share of the sum of squares it keeps.
  func truncated(to wanted: Int) -> (product: LowRankProduct, kept: Double) {
    let (r, outputs, inputs) = (rank, up.shape[0], down.shape[1])
    let g = SymmetricMatrix.eigen(up.matmul(up, transposeA: true).floats().map(Double.init), size: r)
    let least = (g.values.max() ?? 0) * 1e-12
    let root = SymmetricMatrix.function(g) { $0 > least ? $0.squareRoot() : 0 }
    let inverse = SymmetricMatrix.function(g) { $0 > least ? 1 / $0.squareRoot() : 0 }
    let h = down.matmul(down, transposeB: true).floats().map(Double.init)
    let middle = Self.product(Self.product(root, h, r), root, r)
    let eigen = SymmetricMatrix.eigen((0..<(r * r)).map { (middle[$0] + middle[$0 % r * r + $0 / r]) / 2 }, size: r)
    let order = (0..<r).sorted { eigen.values[$0] > eigen.values[$1] }.prefix(min(wanted, r))
    let total = eigen.values.reduce(0) { $0 + max($1, 0) }
    let kept = order.reduce(0) { $0 + max(eigen.values[$1], 0) }
    // Columns of V for the kept values, those that are zero left zero.
    let count = wanted
    var left = [Float](repeating: 0, count: r * count)
    var right = [Float](repeating: 0, count: count * r)
    for (column, source) in order.enumerated() {
      let value = max(eigen.values[source], 0)
      guard value > 0 else { continue }
      let scale = value.squareRoot().squareRoot()
      for i in 0..<r {
        var (a, b) = (0.0, 0.0)
        for k in 0..<r {
          let v = eigen.vectors[k * r + source]
          a += inverse[i * r + k] * v
          b += v * root[k * r + i]
        }
        left[i * count + column] = Float(a * scale)
        right[column * r + i] = Float(b / scale)
      }
    }
    let product = LowRankProduct(
      up: up.matmul(Tensor(left, shape: [r, count])), down: Tensor(right, shape: [count, r]).matmul(down))
    precondition(product.up.shape == [outputs, count] && product.down.shape == [count, inputs], "shapes of a product")
    return (product, total > 0 ? kept / total : 1)
  }

  private static func product(_ a: [Double], _ b: [Double], _ n: Int) -> [Double] {
    var c = [Double](repeating: 0, count: n * n)
    for i in 0..<n {
      for k in 0..<n where a[i * n + k] != 0 {
        for j in 0..<n { c[i * n + j] += a[i * n + k] * b[k * n + j] }
      }
    }
    return c
  }

  /// The sum of products, with the ranks added up.
  static func sum(_ products: [LowRankProduct]) -> LowRankProduct {
    LowRankProduct(
      up: Tensor.concatenate(products.map(\.up), axis: 1), down: Tensor.concatenate(products.map(\.down), axis: 0))
  }

  /// A matrix by its largest singular values, found by random projection (Halko et al. 2011, alg. 4.4 with two
  /// iterations).
  /// - Parameters:
  ///   - matrix: `[out, in]`, float32.
  ///   - name: decides the projection, so that the same matrix gives the same numbers.
  static func approximating(_ matrix: Tensor, rank: Int, name: String) -> (product: LowRankProduct, kept: Double) {
    let width = min(rank + 8, min(matrix.shape[0], matrix.shape[1]))
    let start = RandomInitialization(seed: 1).tensor(
      name, shape: [matrix.shape[1], width], initializer: .normal(deviation: 1))
    var basis = orthonormal(matrix.matmul(start ?? .zeros([matrix.shape[1], width])))
    for _ in 0..<2 {
      basis = orthonormal(matrix.matmul(orthonormal(matrix.matmul(basis, transposeA: true))))
    }
    let found = LowRankProduct(up: basis, down: basis.matmul(matrix, transposeA: true)).truncated(to: rank)
    let total = matrix.sumOfSquares
    let size = found.product.up.matmul(found.product.down).sumOfSquares
    return (found.product, total > 0 ? min(size / total, 1) : 1)
  }

  /// An orthonormal basis of the columns.
  private static func orthonormal(_ x: Tensor) -> Tensor {
    let n = x.shape[1]
    // Twice: the first pass leaves what a product of float32 columns cannot tell apart.
    return (0..<2).reduce(x) { x, _ in
      let gram = SymmetricMatrix.eigen(x.matmul(x, transposeA: true).floats().map(Double.init), size: n)
      let least = (gram.values.max() ?? 0) * 1e-9
      let inverse = SymmetricMatrix.function(gram) { $0 > least ? 1 / $0.squareRoot() : 0 }
      return x.matmul(Tensor(inverse.map(Float.init), shape: [n, n]))
    }
  }
}
