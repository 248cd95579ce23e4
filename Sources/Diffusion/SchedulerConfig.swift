/// The noise schedule and sampling defaults of a pipeline: diffusers' `scheduler/scheduler_config.json`.
public struct SchedulerConfig: Codable, Sendable, Equatable {
  /// Which training timesteps a run of N steps visits.
  public enum Spacing: String, Codable, Sendable, CaseIterable {
    case leading, trailing, linspace
  }

  public var className = "DDIMScheduler"
  public var trainSteps = 1000
  public var betaStart = 0.00085
  public var betaEnd = 0.012
  public var betaSchedule = NoiseSchedule.BetaSchedule.scaledLinear
  public var predictionType = PredictionType.epsilon
  public var rescaleBetasZeroSNR = false
  public var spacing = Spacing.leading
  public var stepsOffset = 0
  public var setAlphaToOne = true
  public var clipSample = false
  public var clipSampleRange: Float = 1
  /// DDPM's posterior variance.
  public var varianceType = "fixed_small"

  enum CodingKeys: String, CodingKey {
    case className = "_class_name"
    case trainSteps = "num_train_timesteps"
    case betaStart = "beta_start"
    case betaEnd = "beta_end"
    case betaSchedule = "beta_schedule"
    case predictionType = "prediction_type"
    case rescaleBetasZeroSNR = "rescale_betas_zero_snr"
    case spacing = "timestep_spacing"
    case stepsOffset = "steps_offset"
    case setAlphaToOne = "set_alpha_to_one"
    case clipSample = "clip_sample"
    case clipSampleRange = "clip_sample_range"
    case varianceType = "variance_type"
  }

  public init() {}

  /// Missing keys take the defaults of the named diffusers class.
  public init(from decoder: any Decoder) throws {
    self.init()
    let c = try decoder.container(keyedBy: CodingKeys.self)
    className = try c.decodeIfPresent(String.self, forKey: .className) ?? className
    let isDDPMFamily = className.hasPrefix("DDIM") || className.hasPrefix("DDPM")
    trainSteps = try c.decodeIfPresent(Int.self, forKey: .trainSteps) ?? trainSteps
    betaStart = try c.decodeIfPresent(Double.self, forKey: .betaStart) ?? 0.0001
    betaEnd = try c.decodeIfPresent(Double.self, forKey: .betaEnd) ?? 0.02
    betaSchedule =
      try c.decodeIfPresent(NoiseSchedule.BetaSchedule.self, forKey: .betaSchedule) ?? .linear
    predictionType =
      try c.decodeIfPresent(PredictionType.self, forKey: .predictionType) ?? predictionType
    rescaleBetasZeroSNR =
      try c.decodeIfPresent(Bool.self, forKey: .rescaleBetasZeroSNR) ?? rescaleBetasZeroSNR
    let classSpacing: Spacing =
      className.hasPrefix("Euler") || className.hasPrefix("DPM") || className.hasPrefix("UniPC")
        || className.hasPrefix("Heun") || className.hasPrefix("KDPM") || className.hasPrefix("LMS")
        || className.hasPrefix("DEIS") ? .linspace : .leading
    spacing = try c.decodeIfPresent(Spacing.self, forKey: .spacing) ?? classSpacing
    stepsOffset = try c.decodeIfPresent(Int.self, forKey: .stepsOffset) ?? stepsOffset
    setAlphaToOne = try c.decodeIfPresent(Bool.self, forKey: .setAlphaToOne) ?? setAlphaToOne
    clipSample = try c.decodeIfPresent(Bool.self, forKey: .clipSample) ?? isDDPMFamily
    clipSampleRange =
      try c.decodeIfPresent(Float.self, forKey: .clipSampleRange) ?? clipSampleRange
    varianceType = try c.decodeIfPresent(String.self, forKey: .varianceType) ?? varianceType
    guard trainSteps > 0, betaStart > 0, betaEnd < 1, betaStart <= betaEnd else {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: c.codingPath,
          debugDescription: "num_train_timesteps, beta_start and beta_end are out of range"))
    }
  }

  public var schedule: NoiseSchedule {
    NoiseSchedule(
      betaSchedule, start: betaStart, end: betaEnd, trainSteps: trainSteps,
      zeroTerminalSNR: rescaleBetasZeroSNR, predictionType: predictionType)
  }
}
