import Foundation

/// A measured value with the interval that resampling gives it.
public struct Estimate: Codable, Sendable, Equatable {
  public var value: Double
  /// Ends of the 95 % interval.
  public var low, high: Double

  public init(_ value: Double, low: Double, high: Double) { (self.value, self.low, self.high) = (value, low, high) }
}

/// How far a measured value might lie from the truth, by measuring again on parts of what was measured.
public struct Resampling: Sendable {
  /// Decides the draws.
  public let seed: UInt64
  /// Draws of a bootstrap.
  public let draws: Int
  /// Groups of a jackknife.
  public let groups: Int

  public init(seed: UInt64 = 0, draws: Int = 1000, groups: Int = 10) {
    (self.seed, self.draws, self.groups) = (seed, draws, groups)
  }

  /// The bootstrap's percentile interval (Efron & Tibshirani 1993, §13.3): for means and quotients of means.
  /// - Parameters:
  ///   - counts: how many things each of some samples has, ≥ 1.
  ///   - statistic: the value for some things of each sample, given by their places, each perhaps more than once. Draws
  ///     for which it is no number are left out.
  public func bootstrap(counts: [Int], _ statistic: ([[Int]]) -> Double) -> Estimate {
    precondition(counts.allSatisfy { $0 > 0 }, "a bootstrap of nothing")
    var random = PickedIndices(seed: seed)
    let values = (0..<draws).map { _ in statistic(counts.map { random.drawn($0) }) }.filter(\.isFinite).sorted()
    let whole = statistic(counts.map { Array(0..<$0) })
    guard !values.isEmpty else { return Estimate(whole, low: whole, high: whole) }
    func quantile(_ share: Double) -> Double {
      let place = share * Double(values.count - 1)
      let below = Int(place)
      let next = min(below + 1, values.count - 1)
      return values[below] + (values[next] - values[below]) * (place - Double(below))
    }
    return Estimate(whole, low: quantile(0.025), high: quantile(0.975))
  }

  /// The same for one sample.
  public func bootstrap(count: Int, _ statistic: ([Int]) -> Double) -> Estimate {
    bootstrap(counts: [count]) { statistic($0[0]) }
  }

  /// The mean of some numbers, with the bootstrap's interval.
  public func mean(_ values: [Double]) -> Estimate {
    bootstrap(count: values.count) { places in places.reduce(0) { $0 + values[$1] } / Double(places.count) }
  }

  /// Deals `count` things into `groups` groups of about the same size, at random.
  public func dealt(_ count: Int) -> [[Int]] {
    var random = PickedIndices(seed: seed)
    let order = random.shuffled(count)
    let groups = max(2, min(groups, count))
    return (0..<groups).map { group in stride(from: group, to: count, by: groups).map { order[$0] } }
  }

  /// The interval of a value by leaving out one group after the other (delete-group jackknife, Kott 2001): for
  /// distances between distributions, which draws with repetition would make larger.
  /// - Parameter leavingOut: the value without each of the groups, of which there are 2 or more.
  public static func jackknife(_ whole: Double, leavingOut parts: [Double]) -> Estimate {
    let count = Double(parts.count)
    let mean = parts.reduce(0, +) / count
    let variance = (count - 1) / count * parts.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    // Student's t for 0.975 with one degree of freedom less than there are groups.
    let quantiles = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262]
    let half = quantiles[min(parts.count - 2, quantiles.count - 1)] * variance.squareRoot()
    return Estimate(whole, low: whole - half, high: whole + half)
  }
}

/// Random places in a list, from a seed (SplitMix64, Steele et al. 2014).
struct PickedIndices {
  private var state: UInt64

  init(seed: UInt64) { state = seed &+ 0x5851_F42D_4C95_7F2D }

  private mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  private mutating func index(below count: Int) -> Int { Int(next().multipliedFullWidth(by: UInt64(count)).high) }

  /// `count` of `count` places, with repetition.
  mutating func drawn(_ count: Int) -> [Int] { (0..<count).map { _ in index(below: count) } }

  /// All of `count` places in random order (Fisher and Yates).
  mutating func shuffled(_ count: Int) -> [Int] {
    var order = Array(0..<count)
    for last in stride(from: count - 1, to: 0, by: -1) { order.swapAt(last, index(below: last + 1)) }
    return order
  }
}
