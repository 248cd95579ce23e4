import Foundation

/// How the learning rate changes over a run: linear warm-up, then a decay.
public struct LearningRate: Sendable, Codable, Equatable {
  /// The shape after the warm-up.
  public enum Decay: String, Sendable, Codable, CaseIterable {
    case constant, linear, cosine
  }

  public var peak: Double
  public var warmupSteps: Int
  public var totalSteps: Int
  public var decay: Decay
  /// The rate at the end of the decay, as a share of the peak.
  public var floor: Double

  public init(
    peak: Double, warmupSteps: Int, totalSteps: Int, decay: Decay, floor: Double = 0
  ) {
    self.peak = peak
    self.warmupSteps = warmupSteps
    self.totalSteps = totalSteps
    self.decay = decay
    self.floor = floor
  }

  /// The rate of step `step`, counted from 0.
  public func rate(at step: Int) -> Double {
    if step < warmupSteps { return peak * Double(step + 1) / Double(warmupSteps) }
    let span = max(totalSteps - warmupSteps, 1)
    let progress = min(Double(step - warmupSteps) / Double(span), 1)
    let share: Double
    switch decay {
    case .constant: share = 1
    case .linear: share = floor + (1 - floor) * (1 - progress)
    case .cosine: share = floor + (1 - floor) * 0.5 * (1 + cos(.pi * progress))
    }
    return peak * share
  }
}
