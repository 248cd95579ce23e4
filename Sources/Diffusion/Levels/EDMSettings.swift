import Configurations
import Foundation

/// The noise levels and scalings of networks trained as Karras et al. 2022 do ("EDM"): Playground 2.5, CosXL.
///
/// Samples are `x = clean + σ · noise` with σ continuous. The network F sees them scaled to unit variance and is told
/// `ln σ / 4`; the clean sample is `c_skip x + c_out F` (table 1 there).
public struct EDMSettings: Sendable, Equatable {
  /// The lowest and the highest level.
  public var sigmaMin, sigmaMax: Double
  /// Deviation of clean samples.
  public var sigmaData: Double
  /// Exponent of Karras levels.
  public var rho: Double
  /// Whether levels are even in ln σ and not Karras's.
  public var isExponential: Bool

  public init(
    sigmaMin: Double = 0.002, sigmaMax: Double = 80, sigmaData: Double = 0.5, rho: Double = 7,
    isExponential: Bool = false
  ) {
    (self.sigmaMin, self.sigmaMax, self.sigmaData) = (sigmaMin, sigmaMax, sigmaData)
    (self.rho, self.isExponential) = (rho, isExponential)
  }

  /// Why no network can have these settings, or nil.
  public var problem: String? {
    if !(sigmaMin > 0 && sigmaMin < sigmaMax && sigmaMax < 1e6) {
      return "sigma_min \(sigmaMin) and sigma_max \(sigmaMax) must rise within 0 ... 1000000"
    }
    if !(sigmaMin > 1e-6) { return "sigma_min \(sigmaMin) must be above 0.000001" }
    if !(sigmaData > 1e-6 && sigmaData < 1e6) { return "sigma_data is \(sigmaData), not 0.000001 ... 1000000" }
    if !(rho >= 1 && rho <= 1000) { return "rho is \(rho), not 1 ... 1000" }
    return nil
  }

  /// What a sample is multiplied by for the network.
  func inputScale(_ sigma: Double) -> Double { 1 / (sigma * sigma + sigmaData * sigmaData).squareRoot() }

  /// What sample and output are multiplied by for the clean sample.
  /// - Parameter isVelocity: whether the output counts against the noise, as velocities do.
  func cleanFactors(_ sigma: Double, isVelocity: Bool) -> (skip: Double, out: Double) {
    let variance = sigma * sigma + sigmaData * sigmaData
    let out = sigma * sigmaData / variance.squareRoot()
    return (sigmaData * sigmaData / variance, isVelocity ? -out : out)
  }

  /// `count` levels from the highest to the lowest.
  func sigmas(count: Int) -> [Double] {
    if isExponential {
      return TimestepSpacing.linspace(log(sigmaMax), log(sigmaMin), count).map { exp($0) }
    }
    let (start, end) = (pow(sigmaMax, 1 / rho), pow(sigmaMin, 1 / rho))
    return TimestepSpacing.linspace(0, 1, count).map { pow(start + $0 * (end - start), rho) }
  }
}

extension EDMSettings: LevelKind {
  static let classes: [String: SamplerName?] = [
    "EDMEulerScheduler": .euler, "EDMDPMSolverMultistepScheduler": .dpmpp2M,
  ]
  static let rules: [String: SettingRules.Rule] = [
    "sigma_schedule": .only(["karras", "exponential"]), "prediction_type": .only(["epsilon", "v_prediction"]),
    // Levels end at the lowest one already, so that a step to it would go nowhere.
    "final_sigmas_type": .only(["zero"]),
  ]

  init?(_ config: SchedulerConfig) {
    guard let edm = config.edm else { return nil }
    self = edm
  }

  /// What a file gives, else the class's default.
  init(_ given: SchedulerSettings) {
    let usual = EDMSettings()
    self.init(
      sigmaMin: given.sigmaMin ?? usual.sigmaMin, sigmaMax: given.sigmaMax ?? usual.sigmaMax,
      sigmaData: given.sigmaData ?? usual.sigmaData, rho: given.rho ?? usual.rho,
      isExponential: given.sigmaSchedule == "exponential")
  }

  func write(to settings: inout SchedulerSettings) {
    (settings.sigmaMin, settings.sigmaMax, settings.sigmaData, settings.rho) = (sigmaMin, sigmaMax, sigmaData, rho)
    settings.sigmaSchedule = isExponential ? "exponential" : "karras"
  }

  /// Levels even in ln σ, in place of training timesteps.
  func table(isOriginal: Bool) -> SigmaTable {
    let logs = TimestepSpacing.linspace(log(sigmaMin), log(sigmaMax), 1000)
    return SigmaTable(sigmas: logs.map { Double(Float(exp($0))) })
  }

  func told(_ sigma: Double) -> Float? { Float(log(sigma) / 4) }

  func sigmas(
    _ config: SchedulerConfig, steps: Int, sampler: String
  ) throws(SamplerError) -> SigmaSchedule? {
    try config.refuseFlowSigmas(sampler: sampler)
    guard (1...config.trainSteps).contains(steps) else {
      throw .badSteps(sampler: sampler, steps: steps, limit: config.trainSteps)
    }
    let (levels, table) = (sigmas(count: steps), table(isOriginal: false))
    return SigmaSchedule(timesteps: levels.map { table.timestep(of: $0) }, sigmas: levels + [0]).rounded
  }

  /// diffusers makes up for the signal that noise of the first level lacks.
  func startScale(_ sigma: Double, isListed: Bool) -> Double? {
    isListed ? sigma : (sigma * sigma + 1).squareRoot()
  }

  func check(_ sampler: SamplerName, _ schedule: ScheduleName?) throws(SamplerError) {
    if sampler == .flowEuler {
      throw .otherKind(
        sampler: sampler.rawValue, model: "which predicts noise", samplers: "euler, dpmpp-2m, ...")
    }
    try Self.checkContinuous(sampler, schedule, foreign: [.ays])
  }
}
