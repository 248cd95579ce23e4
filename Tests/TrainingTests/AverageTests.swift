import Foundation
import Testing
import Training

@Suite struct AverageTests {
  /// The shares of all steps in the average after the last one.
  private func shares(_ profile: AverageProfile, steps: Int) -> [Double] {
    var (shares, rest) = ([Double](repeating: 0, count: steps), 1.0)
    for step in stride(from: steps, through: 1, by: -1) {
      let decay = Double(profile.decay(step: step))
      shares[step - 1] = rest * (1 - decay)
      rest *= decay
    }
    return shares
  }

  /// The width is the one asked for, after however many steps: a step of rounding in a thousand.
  @Test(arguments: [0.05, 0.1, 0.25], [1000, 4000]) func widthIsAShareOfTheRun(length: Double, steps: Int) {
    let shares = shares(.powerFunction(length: length), steps: steps)
    #expect(abs(shares.reduce(0, +) - 1) < 1e-4, "the first weights are forgotten")
    let mean = shares.enumerated().reduce(0) { $0 + Double($1.offset + 1) * $1.element }
    let variance = shares.enumerated().reduce(0) { $0 + pow(Double($1.offset + 1) - mean, 2) * $1.element }
    #expect(abs(variance.squareRoot() / Double(steps) - length) < 0.01 * length + 1e-3)
  }

  /// Karras et al. 2024 give 16.97 and 6.94 for widths of 5 and 10 %.
  @Test(arguments: [(0.05, 16.97), (0.1, 6.94)]) func exponentsArePublishedOnes(length: Double, exponent: Double) {
    guard case .powerFunction(let found) = AverageProfile.powerFunction(length: length) else {
      Issue.record("no power function")
      return
    }
    #expect(abs(found - exponent) < 0.005)
  }

  @Test func anExponentialFollowsFasterAtFirst() {
    let profile = AverageProfile.exponential(decay: 0.9)
    #expect(profile.decay(step: 1) == 2 / 11 as Float && profile.decay(step: 1000) == 0.9)
  }
}
