import TensorCore
import Training

/// Samples by noise and scores alone, from the largest level of noise to the smallest (Song & Ermon 2019, algorithm 1).
package struct AnnealedLangevin {
  /// The largest first.
  package let levels: [Double]
  /// Steps on each level.
  package let steps: Int
  /// Size of a step in units of its level's variance: `ε / σ_L²` there.
  package let step: Double

  package init(levels: [Double], steps: Int, step: Double) {
    (self.levels, self.steps, self.step) = (levels, steps, step)
  }

  /// `x ← x + α/2 · s(x; σ) + √α z` with `α = step · σ²`, and at the end the noise that is left taken out, `x + σ² s`
  /// (Jolicoeur-Martineau et al. 2021, §3.1).
  /// - Parameters:
  ///   - start: `[B, D]`, noise of the largest level.
  ///   - onLevel: told the vectors after each level.
  package func sample(
    _ start: Tensor, seed: UInt64, score: (Tensor, Double) -> Tensor, onLevel: (Tensor) -> Void = { _ in }
  ) -> Tensor {
    var random = ExampleRandom(seed: seed, example: 1, epoch: 0, stream: 9)
    var x = start
    for sigma in levels {
      let alpha = step * sigma * sigma
      for _ in 0..<steps {
        x = x.scaled(by: 1, adding: score(x, sigma), times: Float(alpha / 2))
        x = x.scaled(by: 1, adding: random.normal(x.shape), times: Float(alpha.squareRoot()))
      }
      onLevel(x)
    }
    guard let last = levels.last else { return x }
    return x.scaled(by: 1, adding: score(x, last), times: Float(last * last))
  }
}
