import Foundation

extension Activation {
  /// The textbook formula.
  func apply(_ x: Double) -> Double {
    switch self {
    case .none: x
    case .silu: x / (1 + exp(-x))
    case .gelu: x / 2 * erfc(-x / 2.0.squareRoot())
    case .quickGelu: x / (1 + exp(-1.702 * x))
    case .relu: max(x, 0)
    }
  }
  /// oneDNN's polynomials are good to this, absolutely.
  var error: Double { self == .none || self == .relu ? 0 : 1e-5 }
}
