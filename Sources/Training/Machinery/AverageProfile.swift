import Foundation

/// How much an average of the weights counts each earlier step.
public enum AverageProfile: Sendable, Equatable {
  /// Weights fade by the same factor each step (Ho et al. 2020, §4).
  case exponential(decay: Float)
  /// Weights grow with a power of the step, so the average's width is a fixed share of the run so far, whenever it ends
  /// (Karras et al. 2024, §3.1).
  case powerFunction(exponent: Double)

  /// The power function whose relative standard deviation is `length`, by the same source:
  /// `length² = (γ + 1) / ((γ + 2)² (γ + 3))`, which falls with the exponent γ.
  /// - Parameter length: above 0, less than `widest`.
  public static func powerFunction(length: Double) -> AverageProfile {
    var (low, high) = (0.0, 1.0)
    while relativeLength(high) > length { (low, high) = (high, 2 * high) }
    for _ in 0..<200 {
      let middle = (low + high) / 2
      if relativeLength(middle) > length { low = middle } else { high = middle }
    }
    return .powerFunction(exponent: (low + high) / 2)
  }

  /// What the relative standard deviation is with the exponent 0, all steps counting alike.
  public static let widest = relativeLength(0)

  private static func relativeLength(_ exponent: Double) -> Double {
    ((exponent + 1) / (exponent + 3)).squareRoot() / (exponent + 2)
  }

  /// The share of the old average that stays when the weights after step `step`, from 1, are taken in.
  public func decay(step: Int) -> Float {
    switch self {
    // Early on the average follows faster, so that it forgets the start.
    case .exponential(let decay): min(decay, Float(1 + step) / Float(10 + step))
    case .powerFunction(let exponent): Float(pow(1 - 1 / Double(step), exponent + 1))
    }
  }
}
