import Foundation

/// Levels of noise, from the largest to the smallest in equal ratios (Song & Ermon 2019, §4.1).
package struct NoiseLevels: Sendable {
  package let largest, smallest: Double

  package init(largest: Double, smallest: Double) { (self.largest, self.smallest) = (largest, smallest) }

  /// `count` levels, the largest first.
  package func ladder(_ count: Int) -> [Double] {
    (0..<count).map { index in level(count > 1 ? 1 - Double(index) / Double(count - 1) : 1) }
  }

  /// The level at a share of the way from the smallest to the largest, on a logarithmic scale.
  package func level(_ share: Double) -> Double { smallest * pow(largest / smallest, share) }

  /// The share at which a level lies.
  package func share(_ level: Double) -> Double { log(level / smallest) / log(largest / smallest) }
}
