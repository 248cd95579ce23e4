import Configurations
import Foundation

/// The times of a rectified flow (Liu et al. 2023; Lipman et al. 2023): a sample is `(1 − t) · clean + t · noise`, and the
/// network, told `t` times the number of training steps, says `noise − clean`.
///
/// In units of the signal the noise is `σ = t / (1 − t)`, so whatever counts in σ runs on a flow too: the sample
/// `clean + σ · noise` is the flow's times `1 + σ`.
public struct FlowSettings: Sendable, Equatable {
  /// How far times are moved towards noise (Esser et al. 2024, eq. 23); 1 for not at all.
  public let shift: Double
  public let trainSteps: Int
  /// The time of the last step, which the others are stretched to; nil for where they end.
  let terminal: Double?
  let spread: Spread?
  /// A setting that is on and not supported.
  private let unsupported: String?

  /// nil for a model that is no flow.
  init?(_ config: SchedulerConfig) {
    guard config.predictionType == .flow else { return nil }
    (shift, trainSteps) = (config.given.shift ?? 1, config.trainSteps)
    terminal = config.given.shiftTerminal.flatMap { $0 > 0 ? $0 : nil }
    spread = Spread(config)
    unsupported =
      config.given.useDynamicShifting ?? false
      ? "use_dynamic_shifting" : config.given.invertSigmas ?? false ? "invert_sigmas" : nil
  }

  /// A time moved towards noise.
  public func shifted(_ time: Double) -> Double { shift * time / (1 + (shift - 1) * time) }

  // MARK: - In units of the signal

  static func sigma(at time: Double) -> Double { time / (1 - time) }
  static func time(of sigma: Double) -> Double { sigma / (1 + sigma) }

  // MARK: - Times of a run

  /// diffusers' times of `FlowMatchEulerDiscreteScheduler`: from noise alone, falling, rounded to float32, then 0.
  func times(steps: Int, sampler: String) throws(SamplerError) -> [Double] {
    try check(steps: steps, sampler: sampler)
    // The smallest time is shifted too, in float32, and the evenly spaced times are shifted again.
    let total = Double(trainSteps)
    let unit = Float(1 / total)
    let smallest = Double(Float(shift) * unit / (1 + (Float(shift) - 1) * unit))
    return shaped(TimestepSpacing.linspace(total, smallest * total, steps).map { $0 / total })
  }

  /// diffusers' times of a DPM-Solver on a flow (`use_flow_sigmas`), which cannot begin at noise alone: there σ has no end.
  func timesBelowOne(steps: Int, sampler: String) throws(SamplerError) -> [Double] {
    try check(steps: steps, sampler: sampler)
    let even = TimestepSpacing.linspace(1, 1 / Double(trainSteps), steps + 1).map { 1 - $0 }
    return shaped(even.dropFirst().reversed())
  }

  private func check(steps: Int, sampler: String) throws(SamplerError) {
    if let unsupported { throw .unsupportedSetting(sampler: sampler, key: unsupported, value: "true") }
    guard (1...trainSteps).contains(steps) else {
      throw .badSteps(sampler: sampler, steps: steps, limit: trainSteps)
    }
  }

  /// Evenly spaced times shifted, stretched and spread as the configuration says.
  private func shaped(_ even: [Double]) -> [Double] {
    var times = even.map(shifted)
    let last = times.count - 1
    if let terminal, last > 0 {
      let stretch = (1 - times[last]) / (1 - terminal)
      times = times.map { 1 - (1 - $0) / stretch }
    }
    if let spread { times = spread.sigmas(from: times[0], to: times[last], count: times.count) }
    return times.map { Double(Float($0)) } + [0]
  }
}

extension FlowSettings: LevelKind {
  static let classes: [String: SamplerName?] = [
    "FlowMatchEulerDiscreteScheduler": .flowEuler, "FlowMatchHeunDiscreteScheduler": .heun,
    // Not here, on levels that are.
    "FlowMatchLCMScheduler": SamplerName?.none,
  ]
  static let impliedPrediction: PredictionType? = .flow
  static let rules: [String: SettingRules.Rule] = ["prediction_type": .only(["flow_prediction", nil])]
  static let usualSampler = SamplerName.flowEuler

  /// Its classes have no other prediction, and no variances.
  func write(to settings: inout SchedulerSettings) {
    (settings.predictionType, settings.shift) = (nil, settings.shift ?? 1)
  }

  /// The levels of the training steps, but for the last one, which has no signal.
  func table(isOriginal: Bool) -> SigmaTable {
    let total = max(trainSteps, 3)
    return SigmaTable(sigmas: (1..<total).map { Self.sigma(at: shifted(Double($0) / Double(total))) })
  }

  func told(_ sigma: Double) -> Float? { Float(Self.time(of: sigma) * Double(trainSteps)) }

  func sigmas(
    _ config: SchedulerConfig, steps: Int, sampler: String
  ) throws(SamplerError) -> SigmaSchedule? {
    let times = try timesBelowOne(steps: steps, sampler: sampler)
    return SigmaSchedule(
      timesteps: times.dropLast().map { $0 * Double(trainSteps) }, sigmas: times.map { Self.sigma(at: $0) })
  }

  /// The network sees noise alone.
  func startScale(_ sigma: Double, isListed: Bool) -> Double? { 1 + sigma }

  func sampler(_ name: SamplerName, _ config: SchedulerConfig) -> (any Sampler)? {
    switch name {
    case .euler: FlowMatchEulerSampler(config)
    case .heun: FlowMatchHeunSampler(config)
    default: nil
    }
  }

  func check(_ sampler: SamplerName, _ schedule: ScheduleName?) throws(SamplerError) {
    if [.ddpm, .ddim, .ddimInverse, .pndm, .lcm, .tcd].contains(sampler) {
      throw .otherKind(
        sampler: sampler.rawValue, model: "a rectified flow", samplers: "flow-euler, heun, dpmpp-2m, ...")
    }
    // Evenly over a flow's σ, which has no end, a beta distribution leaves no step for the picture.
    try Self.checkContinuous(sampler, schedule, foreign: [.ays, .beta])
  }
}

extension SchedulerConfig {
  /// The times of a rectified flow; nil for another kind of model.
  public var flow: FlowSettings? { FlowSettings(self) }
}
