import Foundation

/// The beta distribution on 0 ... 1.
struct BetaDistribution {
  let a, b: Double

  /// - Parameters: both shapes above 0.
  init(_ a: Double, _ b: Double) {
    self.a = a
    self.b = b
  }

  /// The value that a share `p` of the distribution lies below.
  func quantile(_ p: Double) -> Double {
    guard p > 0 else { return 0 }
    guard p < 1 else { return 1 }
    // Bisection: 0.6 and 0.6 put poles at both ends, where Newton's method leaves the interval.
    var (low, high) = (0.0, 1.0)
    while true {
      let middle = (low + high) / 2
      guard middle > low, middle < high else { return middle }
      if cumulative(middle) < p { low = middle } else { high = middle }
    }
  }

  /// The share below `x`: the regularised incomplete beta function.
  func cumulative(_ x: Double) -> Double {
    guard x > 0 else { return 0 }
    guard x < 1 else { return 1 }
    let logFront = lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x)
    // The continued fraction converges fast on its own side of the mean; the other is its mirror image.
    if x < (a + 1) / (a + b + 2) { return exp(logFront) * Self.fraction(a, b, x) / a }
    return 1 - exp(logFront) * Self.fraction(b, a, 1 - x) / b
  }

  /// The continued fraction of Abramowitz & Stegun 26.5.8, evaluated by Lentz's method.
  private static func fraction(_ a: Double, _ b: Double, _ x: Double) -> Double {
    func away(_ value: Double) -> Double { abs(value) < 1e-300 ? 1e-300 : value }
    var c = 1.0
    var d = 1 / away(1 - (a + b) * x / (a + 1))
    var result = d
    for i in 1...300 {
      let m = Double(i)
      let even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
      d = 1 / away(1 + even * d)
      c = away(1 + even / c)
      result *= d * c
      let odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
      d = 1 / away(1 + odd * d)
      c = away(1 + odd / c)
      let change = d * c
      result *= change
      if abs(change - 1) < 1e-16 { break }
    }
    return result
  }
}
