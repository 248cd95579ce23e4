import Foundation
import TensorCore
import Training

/// Two half circles that reach into each other, with normal noise: the usual test of models of points.
///
/// The one is `(cos θ, sin θ)`, the other `(1 − cos θ, ½ − sin θ)`, θ evenly from 0 to π, both moved so that their middle is the
/// origin. Source of the shape: scikit-learn's `make_moons`.
public struct TwoMoons: Sendable {
  /// Deviation of the noise.
  public let noise: Float

  public init(noise: Float) { self.noise = noise }

  /// A point of one of the half circles.
  private static func place(_ angle: Float, isUpper: Bool) -> SIMD2<Float> {
    isUpper ? SIMD2(cosf(angle) - 0.5, sinf(angle) - 0.25) : SIMD2(0.5 - cosf(angle), 0.25 - sinf(angle))
  }

  /// A point.
  public func point(_ random: inout ExampleRandom) -> SIMD2<Float> {
    let angle = Float.pi * random.uniform()
    let middle = Self.place(angle, isUpper: random.uniform() < 0.5)
    let noise = random.normal([2]).floats()
    return middle + SIMD2(noise[0], noise[1]) * self.noise
  }

  /// Points `[count, 2]` that belong to a seed.
  public func points(_ count: Int, seed: UInt64) -> Tensor {
    let points = (0..<count).map { index in
      var random = ExampleRandom(seed: seed, example: index, epoch: 0)
      return point(&random)
    }
    return Tensor(points.flatMap { [$0.x, $0.y] }, shape: [count, 2])
  }

  /// The logarithm of the density at a point, in nats: `log ½ Σ ∫ N(x; place(θ), noise²) dθ/π`, by the trapezoidal rule.
  public func logDensity(_ point: SIMD2<Float>) -> Double {
    let steps = 400
    let variance = Double(noise) * Double(noise)
    let exponents = (0..<2).flatMap { moon in
      (0...steps).map { step -> Double in
        let away = point - Self.place(Float.pi * Float(step) / Float(steps), isUpper: moon == 0)
        let square = Double(away.x) * Double(away.x) + Double(away.y) * Double(away.y)
        return -square / (2 * variance) + (step == 0 || step == steps ? log(0.5) : 0)
      }
    }
    return LogSum.of(exponents) - log(2 * Double(steps)) - log(2 * .pi * variance)
  }
}

/// Sums of exponentials that do not overflow.
enum LogSum {
  /// `log Σ exp(x)`.
  static func of(_ values: [Double]) -> Double {
    let most = values.max() ?? -.infinity
    guard most.isFinite else { return most }
    return most + log(values.reduce(0) { $0 + exp($1 - most) })
  }
}
