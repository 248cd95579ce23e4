import Foundation

/// How the learning rate changes over a run: linear warm-up, then a decay, as transformers' schedules of these names have it.
public struct LearningRate: Sendable, Codable, Equatable {
  /// The shape after the warm-up.
  public enum Decay: String, Sendable, Codable, CaseIterable {
    case constant, linear, cosine
    /// Half a cosine, several times over, each from the peak (Loshchilov & Hutter 2017).
    case restarts = "cosine_with_restarts"
    /// A power of what is left of the run.
    case polynomial
  }

  public var peak: Double
  public var warmupSteps: Int
  public var totalSteps: Int
  public var decay: Decay
  /// The rate at the end of the decay, as a share of the peak.
  public var floor: Double
  /// How often the rate falls, with restarts.
  public var cycles: Int
  /// The exponent of `polynomial`; 1 is `linear`.
  public var power: Double

  public init(
    peak: Double, warmupSteps: Int, totalSteps: Int, decay: Decay, floor: Double = 0, cycles: Int = 1, power: Double = 1
  ) {
    self.peak = peak
    self.warmupSteps = warmupSteps
    self.totalSteps = totalSteps
    self.decay = decay
    self.floor = floor
    self.cycles = cycles
    self.power = power
  }

  /// The rate of step `step`, counted from 0.
  public func rate(at step: Int) -> Double {
    if step < warmupSteps { return peak * Double(step + 1) / Double(warmupSteps) }
    let span = max(totalSteps - warmupSteps, 1)
    let progress = min(Double(step - warmupSteps) / Double(span), 1)
    let share: Double
    switch decay {
    case .constant: share = 1
    case .linear: share = 1 - progress
    case .cosine: share = 0.5 * (1 + cos(.pi * progress))
    case .restarts:
      let place = Double(cycles) * progress
      share = progress < 1 ? 0.5 * (1 + cos(.pi * (place - place.rounded(.down)))) : 0
    case .polynomial: share = pow(1 - progress, power)
    }
    return peak * (decay == .constant ? 1 : floor + (1 - floor) * share)
  }
}
