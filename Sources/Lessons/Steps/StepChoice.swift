import Foundation

/// Which timesteps a sampler of few steps should take (Watson et al. 2021): those for which the bound on the likelihood is least bad,
/// found by dynamic programming.
package struct StepChoice: Sendable {
  /// Signal over noise at each timestep, falling.
  package let ratios: [Double]
  /// `E ‖x − x̂(x_t; t)‖²` at each timestep.
  package let errors: [Double]

  package init(ratios: [Double], errors: [Double]) {
    precondition(ratios.count == errors.count && ratios.count > 1, "an error for each timestep")
    (self.ratios, self.errors) = (ratios, errors)
  }

  /// What a step from `t` to an earlier `s` costs of the bound, in nats: `½ (SNR(s) − SNR(t)) E ‖x − x̂(x_t; t)‖²`
  /// (Kingma et al. 2021, eq. 13).
  package func cost(from t: Int, to s: Int) -> Double { 0.5 * (ratios[s] - ratios[t]) * errors[t] }

  /// The cost of all steps but the last, which goes from the first timestep to a clean sample whatever the others are.
  package func cost(_ timesteps: [Int]) -> Double {
    zip(timesteps, timesteps.dropFirst()).reduce(0) { $0 + cost(from: $1.0, to: $1.1) }
  }

  /// The cheapest timesteps, falling from the last to the first.
  /// - Parameter count: from 2 to how many there are.
  /// - Complexity: O(count · n²) for n timesteps.
  package func best(_ count: Int) -> [Int] {
    let all = ratios.count
    precondition((2...all).contains(count), "\(count) of \(all) timesteps")
    // least[t]: the cheapest way from t to 0 with so many timesteps, t among them.
    var least = Array(repeating: Double.infinity, count: all)
    least[0] = 0
    var next: [[Int]] = []
    for _ in 1..<count {
      var (longer, choice) = (Array(repeating: Double.infinity, count: all), Array(repeating: 0, count: all))
      for t in 1..<all {
        for s in 0..<t where least[s].isFinite {
          let total = cost(from: t, to: s) + least[s]
          if total < longer[t] { (longer[t], choice[t]) = (total, s) }
        }
      }
      least = longer
      next.append(choice)
    }
    var timesteps = [all - 1]
    for choice in next.reversed() { timesteps.append(choice[timesteps[timesteps.count - 1]]) }
    return timesteps
  }

  /// Timesteps at even distances.
  package func even(_ count: Int) -> [Int] {
    (0..<count).map { Int((Double(count - 1 - $0) / Double(count - 1) * Double(ratios.count - 1)).rounded()) }
  }

  /// Those whose noise is nearest to Karras's levels between the same ends (Karras et al. 2022, eq. 5, ρ = 7).
  package func karras(_ count: Int) -> [Int] {
    let sigmas = ratios.map { pow($0, -0.5) }
    let ends = (pow(sigmas[sigmas.count - 1], 1 / 7.0), pow(sigmas[0], 1 / 7.0))
    let wanted = (0..<count).map { pow(ends.0 + Double($0) / Double(count - 1) * (ends.1 - ends.0), 7) }
    var timesteps: [Int] = []
    for (place, sigma) in wanted.enumerated() {
      let nearest = sigmas.indices.min { abs(log(sigmas[$0] / sigma)) < abs(log(sigmas[$1] / sigma)) } ?? 0
      // Each once, with enough left below for those that follow.
      let limit = (timesteps.last ?? sigmas.count) - 1
      timesteps.append(max(min(nearest, limit), count - 1 - place))
    }
    return timesteps
  }
}
