import Foundation

/// The levels of a schedule's training timesteps, which most networks are trained on.
struct TimestepLevels: LevelKind {
  private let config: SchedulerConfig

  init(_ config: SchedulerConfig) { self.config = config }

  func write(to settings: inout SchedulerSettings) {
    (settings.betaStart, settings.betaEnd) = (config.betaStart, config.betaEnd)
    settings.betaSchedule = config.betaSchedule
    settings.rescaleBetasZeroSNR = config.rescaleBetasZeroSNR
    (settings.spacing, settings.stepsOffset) = (config.spacing, config.stepsOffset)
    settings.setAlphaToOne = config.setAlphaToOne
    (settings.clipSample, settings.clipSampleRange) = (config.clipSample, config.clipSampleRange)
    settings.varianceType = config.varianceType
  }

  func table(isOriginal: Bool) -> SigmaTable {
    SigmaTable((isOriginal ? config.originalAlphasCumprod : nil) ?? config.schedule.alphasCumprod)
  }

  func told(_ sigma: Double) -> Float? { config.tellsLogSigma ? Float(log(sigma) / 4) : nil }

  func check(_ sampler: SamplerName, _ schedule: ScheduleName?) throws(SamplerError) {}
}
