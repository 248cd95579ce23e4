import Foundation
import TensorCore

/// One step of DPM-Solver of first to third order, a Runge–Kutta step in `t = −ln σ` on the slope `dx/dσ` (Lu et al.
/// 2022, alg. 1 and 2, in σ as in k-diffusion's `DPMSolver`).
struct DPMSolverGroup {
  /// Where it begins and ends, `−ln σ`.
  let start, end: Double
  /// 1 to 3.
  let order: Int

  /// Where the slope is taken, the first at `start`.
  var times: [Double] {
    let shares: [Double] = order == 2 ? [0, 0.5] : [0, 1.0 / 3, 2.0 / 3]
    return shares.prefix(order).map { start + $0 * (end - start) }
  }

  /// The sample at the next of `times`, or at the end.
  /// - Parameters:
  ///   - x: the sample at `start`.
  ///   - slopes: those known, at the first of `times`.
  func advanced(_ x: Tensor, slopes: [Tensor]) -> Tensor {
    switch (order, slopes.count) {
    case (_, 1): reached(order == 1 ? 1 : order == 2 ? 0.5 : 1.0 / 3, x, slopes, bend: 0)
    // The midpoint rule.
    case (2, _): reached(1, x, slopes, bend: expm1(end - start))
    case (_, 2): reached(2.0 / 3, x, slopes, bend: 2 * phi2(2.0 / 3))
    default: reached(1, x, [slopes[0], slopes[2]], bend: 1.5 * phi2(1))
    }
  }

  /// Of third order, the solution of second order from the first two slopes, to tell the error by.
  func lower(_ x: Tensor, slopes: [Tensor]) -> Tensor {
    reached(1, x, [slopes[0], slopes[1]], bend: 1.5 * expm1(end - start))
  }

  /// `x − σ (e^{ch} − 1) d₀ − σ · bend · (d₁ − d₀)` at a share c of the step.
  private func reached(_ share: Double, _ x: Tensor, _ slopes: [Tensor], bend: Double) -> Tensor {
    let h = share * (end - start)
    let sigma = exp(-(start + h))
    var terms = [(1, x), (sigma * (bend - expm1(h)), slopes[0])]
    if slopes.count > 1, bend != 0 { terms.append((-sigma * bend, slopes[1])) }
    return Tensor.combination(terms)
  }

  /// `(e^{ch} − 1) / ch − 1`.
  private func phi2(_ share: Double) -> Double {
    let h = share * (end - start)
    return h == 0 ? 0 : expm1(h) / h - 1
  }
}

extension AncestralStep {
  /// The split of a step in `t = −ln σ` that goes no further than `limit`: where its deterministic part ends, and the
  /// deviation of the noise that leads back.
  static func target(from t: Double, to next: Double, limit: Double, eta: Double) -> (end: Double, up: Double) {
    guard eta > 0 else { return (next, 0) }
    let (sigma, sigmaNext) = (exp(-t), exp(-next))
    let down = AncestralStep(from: sigma, to: sigmaNext, eta: eta).down
    let end = min(limit, -log(down))
    let rest = sigmaNext * sigmaNext - exp(-2 * end)
    return (end, max(rest, 0).squareRoot())
  }
}
