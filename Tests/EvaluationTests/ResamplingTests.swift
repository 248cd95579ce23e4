import Evaluation
import TestSupport
import Testing

@Suite struct ResamplingTests {
  /// 95 % intervals of means hold the truth about 95 times in a hundred.
  @Test func bootstrapIntervalsHoldTheTruth() {
    var held = 0
    for trial in 0..<200 {
      var random = TestRandom(seed: UInt64(trial))
      let values = (0..<60).map { _ in Double(random.normal()) }
      let estimate = Resampling(seed: 1, draws: 200).mean(values)
      #expect(estimate.low <= estimate.value && estimate.value <= estimate.high)
      if (estimate.low...estimate.high).contains(0) { held += 1 }
    }
    // Two deviations of a binomial with 200 and 0.95, and what percentiles of 60 values lose.
    #expect((180...199).contains(held), "\(held)")
  }

  @Test func theSameSeedDrawsTheSame() {
    let values = (0..<30).map { Double($0 * $0 % 17) }
    #expect(Resampling(seed: 4).mean(values) == Resampling(seed: 4).mean(values))
    #expect(Resampling(seed: 4).mean(values) != Resampling(seed: 5).mean(values))
  }

  @Test func groupsAreAllOfThemOnce() {
    let groups = Resampling(seed: 2, groups: 4).dealt(11)
    #expect(groups.count == 4 && groups.joined().sorted() == Array(0..<11))
    #expect(groups.allSatisfy { (2...3).contains($0.count) })
  }

  /// For a mean the jackknife's deviation is that of the mean.
  @Test func jackknifeOfAMean() {
    let values = (0..<10).map { Double($0 * $0 % 7) }
    let sum = values.reduce(0, +)
    let estimate = Resampling.jackknife(sum / 10, leavingOut: values.map { (sum - $0) / 9 })
    let variance = values.reduce(0) { $0 + ($1 - sum / 10) * ($1 - sum / 10) } / 9
    #expect(abs(estimate.high - estimate.value - 2.262 * (variance / 10).squareRoot()) < 1e-12)
    #expect(abs(estimate.value - estimate.low - (estimate.high - estimate.value)) < 1e-12)
  }
}
