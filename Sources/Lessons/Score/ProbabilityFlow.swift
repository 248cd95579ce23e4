import Foundation
import TensorCore
import Training

/// The equation whose paths have, at every level of noise, the same densities as data with noise in it: `dx/dσ = −σ s(x; σ)`
/// (Song et al. 2021, eq. 13, for their variance-exploding process with σ for time). No noise is drawn on the way, so that
/// there is one way from noise to a sample, and the density of every vector can be followed.
package struct ProbabilityFlow {
  package let levels: NoiseLevels
  package let steps: Int

  package init(levels: NoiseLevels, steps: Int) { (self.levels, self.steps) = (levels, steps) }

  /// The levels' edges, from the smallest up.
  private var edges: [Double] { (0...steps).map { levels.level(Double($0) / Double(steps)) } }

  /// Follows the paths from noise to samples, by Heun's method.
  /// - Parameters:
  ///   - start: `[B, D]`, noise of the largest level.
  ///   - direction: `dx/dσ`.
  package func sample(_ start: Tensor, direction: (Tensor, Double) -> Tensor, onStep: (Tensor) -> Void = { _ in })
    -> Tensor
  {
    var x = start
    for (to, from) in zip(edges, edges.dropFirst()).reversed() {
      x = heun(x, from: from, to: to, direction)
      onStep(x)
    }
    // The last level's noise is taken out in one step.
    return x.scaled(by: 1, adding: direction(x, levels.smallest), times: Float(-levels.smallest))
  }

  private func heun(_ x: Tensor, from: Double, to: Double, _ direction: (Tensor, Double) -> Tensor) -> Tensor {
    let first = direction(x, from)
    let ahead = x.scaled(by: 1, adding: first, times: Float(to - from))
    let second = direction(ahead, to)
    let half = Float((to - from) / 2)
    return x.scaled(by: 1, adding: first, times: half).scaled(by: 1, adding: second, times: half)
  }

  /// `log p(x) = log N(x(σ_max); 0, σ_max²) + ∫ ∇·(dx/dσ) dσ` along the path up from the smallest level (eq. 39 there), in nats.
  ///
  /// The divergence is exact for up to four numbers, and otherwise the product with one random vector of signs
  /// (Skilling 1989; Hutchinson 1990).
  package func logLikelihood(_ x: Tensor, seed: UInt64, direction: (Tensor, Double) -> Tensor) -> [Double] {
    let (rows, width) = (x.shape[0], x.shape[1])
    let probes = Self.probes([rows, width], seed: seed)
    var totals = Array(repeating: 0.0, count: rows)
    var place = x
    for (from, to) in zip(edges, edges.dropFirst()) {
      // The integral by the trapezoidal rule, as Heun's method takes the path.
      let next = heun(place, from: from, to: to, direction)
      let low = Self.divergence(place, from, probes, direction)
      let high = Self.divergence(next, to, probes, direction)
      for row in 0..<rows { totals[row] += (to - from) / 2 * (low[row] + high[row]) }
      place = next
    }
    let deviation = levels.largest
    let noise = StandardNormal.logDensity(place * Float(1 / deviation)).floats()
    return (0..<rows).map { totals[$0] + Double(noise[$0]) - Double(width) * log(deviation) }
  }

  /// The axes, or signs of each row.
  private static func probes(_ shape: [Int], seed: UInt64) -> [Tensor] {
    let (rows, width) = (shape[0], shape[1])
    if width <= 4 {
      return (0..<width).map { axis in
        Tensor((0..<(rows * width)).map { $0 % width == axis ? Float(1) : 0 }, shape: shape)
      }
    }
    let signs = StandardNormal.draw(shape, seed: seed, stream: 10).floats().map { $0 < 0 ? Float(-1) : 1 }
    return [Tensor(signs, shape: shape)]
  }

  /// `Σ vᵀ J v` of each row, from gradients of `vᵀ f` by the input: rows do not see one another.
  private static func divergence(
    _ x: Tensor, _ sigma: Double, _ probes: [Tensor], _ direction: (Tensor, Double) -> Tensor
  ) -> [Double] {
    let variable = Variable(x)
    var totals = Array(repeating: 0.0, count: x.shape[0])
    for probe in probes {
      let gradients = valueAndGradients { (direction(variable.value, sigma) * probe).sum() }.gradients
      guard let gradient = gradients[variable] else { continue }
      for (row, value) in (gradient * probe).sum(axes: [1]).floats().enumerated() { totals[row] += Double(value) }
    }
    return totals
  }
}
