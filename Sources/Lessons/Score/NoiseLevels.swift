import Foundation

/// Levels of noise, from the largest to the smallest in equal ratios (Song & Ermon 2019, §4.1).
struct NoiseLevels: Sendable {
  let largest, smallest: Double

  /// `count` levels, the largest first.
  func ladder(_ count: Int) -> [Double] {
    (0..<count).map { index in level(count > 1 ? 1 - Double(index) / Double(count - 1) : 1) }
  }

  /// The level at a share of the way from the smallest to the largest, on a logarithmic scale.
  func level(_ share: Double) -> Double { smallest * pow(largest / smallest, share) }

  /// The share at which a level lies.
  func share(_ level: Double) -> Double { log(level / smallest) / log(largest / smallest) }
}
