import Foundation

/// The forms of DPM-Solver: of the noise (Lu et al. 2022), of the clean sample (`++`, Lu et al. 2023), each
/// deterministic or with fresh noise.
enum DPMSolverForm: String, Sendable {
  case noise = "dpmsolver"
  case clean = "dpmsolver++"
  case stochasticNoise = "sde-dpmsolver"
  case stochasticClean = "sde-dpmsolver++"

  var predictsClean: Bool { self == .clean || self == .stochasticClean }
  var isStochastic: Bool { self == .stochasticNoise || self == .stochasticClean }
}

/// Factors of one exponential integrator step from level s to level t,
/// `x_t = keep · x_s + first · D0 + second · D1 + third · D2 + noise · z`, where D1 and D2 are the first and second
/// difference of the predictions in λ, in units of the step h (Lu et al. 2023, eq. 9 and appendix A).
struct DPMSolverStep {
  let keep, first, second, third, noise: Double
  /// In place of `second` for the midpoint rule, which needs only the same order.
  var midpoint: Double { first / 2 }

  /// - Parameters: `s` and `t`: noise in units of the signal; t may be 0, where only `keep` and `first` are finite.
  init(_ form: DPMSolverForm, from s: Double, to t: Double) {
    let (from, to) = (NoiseLevel(preservingSigma: s), NoiseLevel(preservingSigma: t))
    guard t > 0 else {
      // What is left is the clean sample, whatever the form.
      keep = form.predictsClean ? 0 : 1 / from.signal
      first = form.predictsClean ? 1 : -s
      (second, third, noise) = (0, 0, 0)
      return
    }
    let h = log(s / t)
    switch form {
    case .clean, .stochasticClean:
      // Fresh noise doubles the speed at which the sample forgets.
      let g = form.isStochastic ? 2 * h : h
      let e = expm1(-g)
      keep = to.noise / from.noise * (form.isStochastic ? exp(-h) : 1)
      first = -to.signal * e
      second = to.signal * (e / g + 1)
      third = -to.signal * ((e + g) / (g * g) - 0.5)
      noise = form.isStochastic ? to.noise * (-e).squareRoot() : 0
    case .noise, .stochasticNoise:
      let e = expm1(h)
      let twice = form.isStochastic ? 2.0 : 1
      keep = to.signal / from.signal
      first = -twice * to.noise * e
      second = -twice * to.noise * (e / h - 1)
      third = -twice * to.noise * ((e - h) / (h * h) - 0.5)
      noise = form.isStochastic ? to.noise * expm1(2 * h).squareRoot() : 0
    }
  }
}
