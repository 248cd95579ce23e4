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

  enum CodingKeys: String, CodingKey { case className = "_class_name" }

  /// Stable Diffusion's: DDIM on the scaled linear schedule, samples not clipped, PNDM without Runge–Kutta steps.
  public init() {
    className = "DDIMScheduler"
    (given.betaStart, given.betaEnd, given.betaSchedule) = (0.00085, 0.012, .scaledLinear)
    (given.clipSample, given.skipPRKSteps) = (false, true)
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    className = try container.decodeIfPresent(String.self, forKey: .className) ?? "DDIMScheduler"
    given = try SchedulerSettings(from: decoder)
    if let reason = problem {
      throw DecodingError.dataCorrupted(.init(codingPath: container.codingPath, debugDescription: reason))
    }
  }

  /// Writes what any tool needs to read the schedule again, class defaults included.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(className, forKey: .className)
    var all = given
    (all.trainSteps, all.betaStart, all.betaEnd, all.betaSchedule) = (trainSteps, betaStart, betaEnd, betaSchedule)
    (all.predictionType, all.rescaleBetasZeroSNR) = (predictionType, rescaleBetasZeroSNR)
    (all.spacing, all.stepsOffset, all.setAlphaToOne) = (spacing, stepsOffset, setAlphaToOne)
    (all.clipSample, all.clipSampleRange, all.varianceType) = (clipSample, clipSampleRange, varianceType)
    // JSON has no infinity, and no key is what stands for it.
    if let bound = all.lambdaMinClipped, !bound.isFinite { all.lambdaMinClipped = nil }
    try all.encode(to: encoder)
  }

  /// The noise schedule the network was trained on.
  public var schedule: NoiseSchedule {
    if let betas = given.trainedBetas { return NoiseSchedule(betas: betas, predictionType: predictionType) }
    return NoiseSchedule(
      betaSchedule, start: betaStart, end: betaEnd, trainSteps: trainSteps, zeroTerminalSNR: rescaleBetasZeroSNR,
      predictionType: predictionType)
  }

  /// Why these values are no schedule, or nil.
  private var problem: String? {
    if trainSteps < 1 || trainSteps > 1_000_000 { return "num_train_timesteps is \(trainSteps), not 1 ... 1000000" }
    if !(betaStart > 0 && betaEnd < 1 && betaStart <= betaEnd) {
      return "beta_start \(betaStart) and beta_end \(betaEnd) must rise within 0 ... 1"
    }
    if let betas = given.trainedBetas, betas.count != trainSteps || !betas.allSatisfy({ $0 > 0 && $0 < 1 }) {
      return "trained_betas must be \(trainSteps) numbers between 0 and 1"
    }
    if given.solverOrder.map({ !(1...3).contains($0) }) ?? false { return "solver_order must be 1, 2 or 3" }
    if varianceType.hasPrefix("learned") {
      return "variance_type \(varianceType): networks that predict the variance too are not supported"
    }
    if given.shift.map({ !($0 > 0) }) ?? false { return "shift must be above 0" }
    if stepsOffset < 0 || stepsOffset >= trainSteps {
      return "steps_offset is \(stepsOffset), not a training timestep"
    }
    return nil
  }
}
