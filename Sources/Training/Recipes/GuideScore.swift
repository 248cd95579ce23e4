import Foundation
import TensorCore

/// How many of the examples kept back a network that looks at noisy samples gets right, by the noise in them.
struct GuideScore {
  /// Examples that were looked at.
  let count: Int
  private let levels: [Int]
  private let right: [Int]

  /// - Parameters:
  ///   - trainSteps: of the noise schedule; nil for clean samples alone.
  ///   - seed: the run's.
  ///   - judge: says of each noisy sample whether the network is right.
  init(
    _ source: CaptionedSamples, _ noising: SampleNoising, trainSteps: Int?, seed: UInt64,
    judge: (_ samples: Tensor, _ timesteps: [Float], _ captions: [String]) throws -> [Bool]
  ) throws {
    let last = Double((trainSteps ?? 1) - 1)
    let levels = last == 0 ? [0] : [0, 0.1, 0.2, 0.3, 0.5, 0.7].map { Int($0 * last) }
    var (count, right) = (0, levels.map { _ in 0 })
    try source.forEachHeldBack(64) { draws, batch in
      count += draws.count
      for (place, level) in levels.enumerated() {
        var random = draws.map { ExampleRandom(seed: seed, example: $0.index, epoch: 0, stream: 9) }
        let noisy = noising.apply(batch.samples, timesteps: draws.map { _ in level }, random: &random)
        right[place] += try judge(noisy.samples, noisy.timesteps, batch.captions).count { $0 }
      }
    }
    (self.count, self.levels, self.right) = (count, levels, right)
  }

  private var shares: [Double] { right.map { Double($0) / Double(max(count, 1)) } }

  /// The share that is right without noise.
  var clean: Double { shares[0] }

  /// The shares with their timesteps.
  var text: String {
    zip(levels, shares).map { String(format: "t %d %.1f %%", $0, 100 * $1) }.joined(separator: ", ")
  }
}
