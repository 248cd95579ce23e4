import Foundation

// The scalar functions behind `UnaryOp`, in float64, with their derivatives.
extension UnaryOp {
  /// f(x). NaN gives NaN for every function.
  func value(_ x: Double, _ p0: Double, _ p1: Double) -> Double {
    switch self {
    case .negate: -x
    case .exp: Foundation.exp(x)
    case .log: Foundation.log(x)
    case .sqrt: x.squareRoot()
    case .rsqrt: 1 / x.squareRoot()
    case .square: x * x
    case .abs: Swift.abs(x)
    case .sin: Foundation.sin(x)
    case .cos: Foundation.cos(x)
    case .tanh: Foundation.tanh(x)
    case .sigmoid: logistic(x)
    case .relu: x < 0 ? 0 : x
    case .silu: x * logistic(x)
    case .gelu: x * normalCDF(x)
    case .geluTanh: 0.5 * x * (1 + Foundation.tanh(geluTanhArgument(x)))
    case .quickGelu: x * logistic(1.702 * x)
    case .clamp: x < p0 ? p0 : (x > p1 ? p1 : x)
    case .reciprocal: 1 / x
    case .leakyRelu: x > 0 ? x : p0 * x
    case .softplus: Swift.max(x, 0) + log1p(Foundation.exp(-Swift.abs(x)))
    }
  }

  /// f'(x); at a kink the value torch takes: 0 for relu and abs, the slope for leakyRelu, 1 for clamp.
  func derivative(_ x: Double, _ p0: Double, _ p1: Double) -> Double {
    switch self {
    case .negate: return -1
    case .exp: return Foundation.exp(x)
    case .log: return 1 / x
    case .sqrt: return 0.5 / x.squareRoot()
    case .rsqrt: return -0.5 / (x * x.squareRoot())
    case .square: return 2 * x
    case .abs: return x > 0 ? 1 : (x < 0 ? -1 : 0)
    case .sin: return Foundation.cos(x)
    case .cos: return -Foundation.sin(x)
    case .tanh:
      let t = Foundation.tanh(x)
      return 1 - t * t
    case .sigmoid: return logistic(x) * logistic(-x)
    case .relu: return x > 0 ? 1 : 0
    case .silu: return logistic(x) * (1 + x * logistic(-x))
    case .gelu:
      let density = Foundation.exp(-0.5 * x * x) / (2 * Double.pi).squareRoot()
      return normalCDF(x) + x * density
    case .geluTanh:
      let t = Foundation.tanh(geluTanhArgument(x))
      let slope = (2 / Double.pi).squareRoot() * (1 + 3 * 0.044715 * x * x)
      return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * slope
    case .quickGelu:
      return logistic(1.702 * x) * (1 + 1.702 * x * logistic(-1.702 * x))
    case .clamp: return x >= p0 && x <= p1 ? 1 : 0
    case .reciprocal: return -1 / (x * x)
    case .leakyRelu: return x > 0 ? 1 : p0
    case .softplus: return logistic(x)
    }
  }
}

/// 1 / (1 + e⁻ˣ).
private func logistic(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

/// Distribution function of the standard normal.
private func normalCDF(_ x: Double) -> Double { 0.5 * erfc(-x / 2.0.squareRoot()) }

private func geluTanhArgument(_ x: Double) -> Double {
  (2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)
}
