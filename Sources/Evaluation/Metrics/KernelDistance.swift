import TensorCore

/// The squared maximum mean discrepancy between two sets of features under the kernel `(x·y / d + 1)³`, without bias
/// (Bińkowski et al. 2018, eq. 4). On Inception's features it is KID; it needs no number of pictures to make sense.
public enum KernelDistance {
  /// The distance with an interval: over all pictures, where other programs draw subsets of them; that has the same
  /// expectation and varies less.
  /// - Parameters:
  ///   - a: features `[n, d]`, n ≥ 2.
  ///   - b: features `[m, d]`, m ≥ 2.
  public static func estimate(_ a: DoubleMatrix, _ b: DoubleMatrix, _ resampling: Resampling) -> Estimate {
    let count = min(resampling.groups, a.rows / 2, b.rows / 2)
    let dealing = Resampling(seed: resampling.seed, groups: count)
    let (left, right) = (dealing.dealt(a.rows), dealing.dealt(b.rows))
    let (first, second) = (left.map { a.rows($0) }, right.map { b.rows($0) })
    let sums = KernelSums(first, second)
    let all = Array(first.indices)
    let whole = sums.distance(all)
    guard count > 1 else { return Estimate(whole, low: whole, high: whole) }
    return Resampling.jackknife(whole, leavingOut: all.map { group in sums.distance(all.filter { $0 != group }) })
  }

  /// The distance.
  public static func distance(_ a: DoubleMatrix, _ b: DoubleMatrix) -> Double {
    KernelSums([a], [b]).distance([0])
  }
}

/// Sums of the kernel over pairs of groups, from which the distance of any of the groups follows.
private struct KernelSums {
  private let sizes: (a: [Int], b: [Int])
  /// `[group][group]`; without a picture's kernel with itself in the first two.
  private let aa, bb, ab: [[Double]]

  init(_ a: [DoubleMatrix], _ b: [DoubleMatrix]) {
    sizes = (a.map(\.rows), b.map(\.rows))
    func within(_ parts: [DoubleMatrix]) -> [[Double]] {
      parts.indices.map { i in
        parts.indices.map { j in Self.sum(parts[i], parts[j]) - (i == j ? Self.diagonal(parts[i]) : 0) }
      }
    }
    (aa, bb) = (within(a), within(b))
    ab = a.map { x in b.map { Self.sum(x, $0) } }
  }

  /// Without bias, over pictures of these groups.
  func distance(_ groups: [Int]) -> Double {
    func total(_ sums: [[Double]]) -> Double {
      groups.reduce(0) { total, i in total + groups.reduce(0) { $0 + sums[i][$1] } }
    }
    let n = Double(groups.reduce(0) { $0 + sizes.a[$1] })
    let m = Double(groups.reduce(0) { $0 + sizes.b[$1] })
    return total(aa) / (n * (n - 1)) + total(bb) / (m * (m - 1)) - 2 * total(ab) / (n * m)
  }

  private static func kernel(_ product: Double, _ width: Int) -> Double {
    let base = product / Double(width) + 1
    return base * base * base
  }

  private static func sum(_ a: DoubleMatrix, _ b: DoubleMatrix) -> Double {
    DoubleMatrix.product(a, b, transposeB: true).values.reduce(0) { $0 + kernel($1, a.columns) }
  }

  private static func diagonal(_ a: DoubleMatrix) -> Double {
    a.rowSquares.reduce(0) { $0 + kernel($1, a.columns) }
  }
}
