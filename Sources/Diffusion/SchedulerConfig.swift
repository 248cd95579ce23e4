/// The noise schedule and sampling defaults of a pipeline: diffusers' `scheduler/scheduler_config.json`.
///
/// A key the file leaves out takes the default of `className`. Changing the class therefore changes those keys and no
/// others, as diffusers' `from_config` does.
public struct SchedulerConfig: Codable, Sendable, Equatable {
  /// Which training timesteps a run of N steps visits.
  public enum Spacing: String, Codable, Sendable, CaseIterable {
    case leading, trailing, linspace
  }

  /// How noise levels between training timesteps are found (Euler's `interpolation_type`).
  public enum Interpolation: String, Codable, Sendable {
    case linear
    case logLinear = "log_linear"
  }

  /// What the network is told for a noise level (Euler's `timestep_type`).
  public enum TimestepType: String, Codable, Sendable {
    /// The training timestep.
    case discrete
    /// `ln σ / 4`, for velocity prediction (Karras et al. 2022, table 1).
    case continuous
  }

  /// The noise level a run ends at.
  public enum FinalSigma: String, Codable, Sendable {
    case zero
    case sigmaMin = "sigma_min"
  }

  public var className: String
  var given = SchedulerSettings()
  /// For networks on continuous noise levels; nil for those on the timesteps of a schedule. Stays with the model
  /// whatever the class.
  public private(set) var edm: EDMSettings?

  enum CodingKeys: String, CodingKey { case className = "_class_name" }

  /// Stable Diffusion's: DDIM on the scaled linear schedule, samples not clipped, PNDM without Runge–Kutta steps.
  public init() {
    className = "DDIMScheduler"
    (given.betaStart, given.betaEnd, given.betaSchedule) = (0.00085, 0.012, .scaledLinear)
    (given.clipSample, given.skipPRKSteps) = (false, true)
  }

  /// A network on continuous noise levels.
  /// - Parameters:
  ///   - className: diffusers' class of the sampler it is used with.
  ///   - predictionType: noise or velocity.
  public init(edm: EDMSettings, className: String, predictionType: PredictionType) {
    self.edm = edm
    self.className = className
    self.predictionType = predictionType
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    className = try container.decodeIfPresent(String.self, forKey: .className) ?? "DDIMScheduler"
    given = try SchedulerSettings(from: decoder)
    if EDMSettings.classes.keys.contains(className) { edm = EDMSettings(given) }
    if let setting = try SchedulerSettings.rules(className: className).problem(in: decoder) {
      throw DecodingError.dataCorrupted(
        .init(codingPath: container.codingPath, debugDescription: "\(className): \(setting.key) \(setting.reason)"))
    }
    if let reason = problem {
      throw DecodingError.dataCorrupted(.init(codingPath: container.codingPath, debugDescription: reason))
    }
  }

  /// Writes what any tool needs to read the schedule again, class defaults included.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(className, forKey: .className)
    var all = given
    (all.trainSteps, all.predictionType) = (trainSteps, predictionType)
    writtenLevels.write(to: &all)
    // JSON has no infinity, and no key is what stands for it.
    if let bound = all.lambdaMinClipped, !bound.isFinite { all.lambdaMinClipped = nil }
    try all.encode(to: encoder)
  }

  /// Levels as a file of this class says them: of a flow's sampler for noise variances those variances.
  private var writtenLevels: any LevelKind {
    let levels = levels
    let isOwn = edm != nil || type(of: levels).classes.keys.contains(className)
    return isOwn ? levels : TimestepLevels(self)
  }

  /// The noise schedule the network was trained on.
  public var schedule: NoiseSchedule {
    if let betas = given.trainedBetas { return NoiseSchedule(betas: betas, predictionType: predictionType) }
    return NoiseSchedule(
      betaSchedule, start: betaStart, end: betaEnd, trainSteps: trainSteps, zeroTerminalSNR: rescaleBetasZeroSNR,
      predictionType: predictionType)
  }
}
