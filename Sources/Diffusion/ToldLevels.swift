import Foundation

/// The noise levels behind what networks are told.
public struct ToldLevels: Sendable {
  private let table: SigmaTable
  private let tellsLogSigma: Bool
  private let trainSteps: Int
  private let isFlow: Bool

  /// - Parameter isFlow: whether the run takes any model for a flow, whose samples are `(1 - σ) · clean + σ · noise`, with `σ` the share of the training steps.
  public init(_ config: SchedulerConfig, isFlow: Bool) {
    (table, trainSteps) = (SigmaTable(config.schedule.alphasCumprod), config.schedule.trainSteps)
    (tellsLogSigma, self.isFlow) = (config.tellsLogSigma, isFlow || config.isFlow)
  }

  /// The deviation of the noise in units of the clean sample's scale: `√((1 - ᾱ) / ᾱ)`, or a flow's own `σ`.
  /// - Parameter told: a timestep, which may be fractional, or `ln σ / 4` for networks that are told that.
  public func sigma(_ told: Float) -> Double {
    if isFlow { return Double(told) / Double(trainSteps) }
    return tellsLogSigma ? exp(4 * Double(told)) : table.sigmaInLog(at: Double(told))
  }
}
