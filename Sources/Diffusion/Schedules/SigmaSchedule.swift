import Foundation

/// The noise levels of a run, falling, and the timestep the network is told for each.
struct SigmaSchedule: Sendable {
  /// How a family of samplers spaces its levels.
  enum Family: Sendable {
    /// Evenly spaced fractional timesteps, the last one included; then no noise.
    case kDiffusion
    /// As `kDiffusion`, but the timesteps of Karras levels are rounded.
    case kDiffusionRounded
    /// Whole timesteps without the last one.
    case dpmSolver
  }

  var timesteps: [Double]
  /// One more than timesteps: the level the run ends at.
  var sigmas: [Double]

  init(timesteps: [Double], sigmas: [Double]) {
    self.timesteps = timesteps
    self.sigmas = sigmas
  }

  /// Rounds both to float32, as they are stored.
  var rounded: SigmaSchedule {
    SigmaSchedule(
      timesteps: timesteps.map { Double(Float($0)) }, sigmas: sigmas.map { Double(Float($0)) })
  }

  /// The levels a diffusers scheduler of this configuration would use.
  static func diffusers(
    _ family: Family, _ config: SchedulerConfig, table: SigmaTable, steps: Int, sampler: String
  ) throws(SamplerError) -> SigmaSchedule {
    try config.refuseFlowSigmas(sampler: sampler)
    switch family {
    case .kDiffusion, .kDiffusionRounded:
      return try kDiffusion(config, table, steps: steps, rounds: family == .kDiffusionRounded, sampler: sampler)
    case .dpmSolver:
      return try dpmSolver(config, table, steps: steps, sampler: sampler)
    }
  }

  /// Euler, LMS, Heun, DPM2: special spacings run between the ends of the evenly spaced levels.
  private static func kDiffusion(
    _ config: SchedulerConfig, _ table: SigmaTable, steps: Int, rounds: Bool, sampler: String
  ) throws(SamplerError) -> SigmaSchedule {
    let even = try TimestepSpacing.fractional(config, steps: steps, sampler: sampler)
      // The interpolation of evenly spaced timesteps starts from float32 ones.
      .map { Double(Float($0)) }
    // Keys left from another class mean nothing to a class that does not have them.
    let isEuler = config.className == "EulerDiscreteScheduler"
    if isEuler, config.given.interpolationType == .logLinear {
      let sigmas = TimestepSpacing.linspace(log(table.largest), log(table.smallest), steps + 1).map { exp($0) }
      return SigmaSchedule(timesteps: even, sigmas: sigmas)
    }
    var levels = even.map { table.sigma(at: $0) }
    var timesteps = even
    if config.className != "EulerAncestralDiscreteScheduler", let special = Spread(config) {
      let low = isEuler ? config.given.sigmaMin : nil
      let high = isEuler ? config.given.sigmaMax : nil
      let (first, last) = (levels[0], levels[steps - 1])
      levels = special.sigmas(from: high ?? first, to: low ?? last, count: steps)
      timesteps = levels.map { table.timestep(of: $0) }
      if rounds, special == .karras { timesteps = timesteps.map { $0.rounded(.toNearestOrEven) } }
    }
    let endsAtZero = !isEuler || config.finalSigmasType == .zero
    return SigmaSchedule(timesteps: timesteps, sigmas: levels + [endsAtZero ? 0 : table.smallest])
  }

  /// DPM-Solver, DEIS, UniPC: special spacings run over the whole table, and timesteps are whole.
  private static func dpmSolver(
    _ config: SchedulerConfig, _ table: SigmaTable, steps: Int, sampler: String
  ) throws(SamplerError) -> SigmaSchedule {
    let isMultistep = config.className == "DPMSolverMultistepScheduler"
    let isSinglestep = config.className == "DPMSolverSinglestepScheduler"
    var limit = config.trainSteps
    if isMultistep || isSinglestep, let bound = config.given.lambdaMinClipped {
      // λ = −ln σ.
      limit -= table.logSigmas.count { -$0 < bound }
    }
    var spaced = config
    if isSinglestep { spaced.spacing = .linspace }
    let whole = try TimestepSpacing.exceptLast(spaced, steps: steps, below: limit, sampler: sampler)
    guard let special = Spread(config, allowsLu: isMultistep) else {
      let last = config.finalSigmasType == .zero ? 0 : table.smallest
      return SigmaSchedule(
        timesteps: whole.map(Double.init), sigmas: whole.map { table.sigma(at: Double($0)) } + [last])
    }
    let isUniPC = config.className == "UniPCMultistepScheduler"
    let levels = special.sigmas(
      from: (isUniPC ? config.given.sigmaMax : nil) ?? table.largest,
      to: (isUniPC ? config.given.sigmaMin : nil) ?? table.smallest, count: steps)
    let timesteps = levels.map { sigma -> Double in
      let t = table.timestep(of: sigma)
      let isRounded = special == .karras || special == .lu
      // Cut off, as a conversion to integers does.
      return isRounded && config.betaSchedule != .cosine ? t.rounded(.toNearestOrEven) : t.rounded(.down)
    }
    let end = isMultistep || isSinglestep ? table.smallest : levels[levels.count - 1]
    return SigmaSchedule(timesteps: timesteps, sigmas: levels + [config.finalSigmasType == .zero ? 0 : end])
  }
}

/// Ways to spread noise levels between a largest and a smallest one.
enum Spread: Sendable {
  /// Karras et al. 2022, eq. 5, ρ = 7.
  case karras
  /// Even in ln σ.
  case exponential
  /// Quantiles of the beta distribution with both shapes 0.6 (Lee et al. 2024).
  case beta
  /// Even in λ (Lu et al. 2022).
  case lu

  init?(_ config: SchedulerConfig, allowsLu: Bool = false) {
    if config.useKarrasSigmas {
      self = .karras
    } else if allowsLu, config.given.useLuLambdas ?? false {
      self = .lu
    } else if config.given.useExponentialSigmas ?? false {
      self = .exponential
    } else if config.given.useBetaSigmas ?? false {
      self = .beta
    } else {
      return nil
    }
  }

  /// `count` levels, the first `high`, the last `low`.
  func sigmas(from high: Double, to low: Double, count: Int) -> [Double] {
    switch self {
    case .karras:
      let (start, end) = (pow(high, 1 / 7), pow(low, 1 / 7))
      return TimestepSpacing.linspace(0, 1, count).map { pow(start + $0 * (end - start), 7) }
    case .exponential, .lu:
      return TimestepSpacing.linspace(log(high), log(low), count).map { exp($0) }
    case .beta:
      let distribution = BetaDistribution(0.6, 0.6)
      return TimestepSpacing.linspace(0, 1, count).map { low + distribution.quantile(1 - $0) * (high - low) }
    }
  }
}
