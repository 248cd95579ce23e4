import TensorCore

/// How far two sets of vectors are from being drawn alike: `√(2 E‖X − Y‖ − E‖X − X′‖ − E‖Y − Y′‖)`, zero for equal distributions
/// and for no others (Székely & Rizzo 2013, eq. 2.1).
public enum EnergyDistance {
  /// - Parameters:
  ///   - x: `[n, D]`, n ≥ 2.
  ///   - y: `[m, D]`, m ≥ 2.
  /// - Returns: without bias under the root; 0 where that is negative.
  public static func between(_ x: Tensor, _ y: Tensor) -> Double {
    let (n, m) = (Double(x.shape[0]), Double(y.shape[0]))
    let across = sum(x, y) / (n * m)
    let inside = sum(x, x) / (n * (n - 1)) + sum(y, y) / (m * (m - 1))
    return max(2 * across - inside, 0).squareRoot()
  }

  /// Distances between all rows of one and all rows of another, summed.
  private static func sum(_ a: Tensor, _ b: Tensor) -> Double {
    let (left, right, width) = (a.floats(), b.floats(), a.shape[1])
    var total = 0.0
    for i in 0..<a.shape[0] {
      var row: Float = 0
      for j in 0..<b.shape[0] {
        var square: Float = 0
        for k in 0..<width {
          let away = left[i * width + k] - right[j * width + k]
          square += away * away
        }
        row += square.squareRoot()
      }
      total += Double(row)
    }
    return total
  }
}
