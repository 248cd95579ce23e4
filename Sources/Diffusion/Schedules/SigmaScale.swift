import Foundation
import TensorCore

/// What the samplers that count in σ have in common: where their levels come from, and what the network's output means.
struct SigmaScale: Sendable {
  let name: String
  let config: SchedulerConfig
  let schedule: NoiseSchedule
  let denoised: Denoised
  /// How levels are counted.
  let levels: any LevelKind
  let table: SigmaTable
  let family: SigmaSchedule.Family
  /// A schedule of k-diffusion's, in place of the configuration's.
  let named: ScheduleName?
  let ays: AlignYourSteps
  let limit: CleanSampleLimit

  init(
    _ name: String, _ config: SchedulerConfig, _ family: SigmaSchedule.Family, _ schedule: ScheduleName?,
    ays: AlignYourSteps
  ) {
    self.name = name
    self.config = config.spaced(schedule)
    self.schedule = config.schedule
    denoised = Denoised(config)
    self.family = family
    self.ays = ays
    named = schedule.flatMap { $0.isSigmaList ? $0 : nil }
    // k-diffusion's lists are made from the levels of the original code.
    levels = self.config.levels
    table = levels.table(isOriginal: named != nil)
    limit = CleanSampleLimit(config)
  }

  /// - Parameter dropsNextToLast: as AUTOMATIC1111 does for this sampler; has no meaning for diffusers' schedules.
  func sigmas(steps: Int, dropsNextToLast: Bool = false) throws(SamplerError) -> SigmaSchedule {
    guard let named else {
      if let own = try levels.sigmas(config, steps: steps, sampler: name) { return own }
      return try SigmaSchedule.diffusers(family, config, table: table, steps: steps, sampler: name).rounded
    }
    return try NamedSigmas.schedule(
      named, table, steps: steps, ays: ays, dropsNextToLast: dropsNextToLast, sampler: name
    ).rounded
  }

  /// A plan whose samples keep the signal at 1: `x = clean + σ · noise`.
  func explodingPlan(_ run: SigmaSchedule, steps: Int, order: Int = 1) -> SamplingPlan {
    let largest = run.sigmas.max() ?? 0
    // Where the first level is not the table's last, diffusers makes up for the signal that is missing.
    let startsAtLevel = named != nil || config.spacing != .leading
    let scale =
      levels.startScale(largest, isListed: named != nil)
      ?? (startsAtLevel ? largest : (largest * largest + 1).squareRoot())
    return SamplingPlan(
      steps: steps, timesteps: told(run),
      levels: run.sigmas.map { NoiseLevel(signal: 1, noise: $0) }, sigmas: run.sigmas, initialNoiseScale: scale,
      order: order)
  }

  /// What the network is told for each level.
  private func told(_ run: SigmaSchedule) -> [Float] {
    zip(run.timesteps, run.sigmas).map { levels.told($1) ?? Float($0) }
  }

  /// What the network is told for a level on the way.
  func told(sigma: Double) -> Float { levels.told(sigma) ?? Float(table.timestep(of: sigma)) }

  /// A plan whose samples keep their variance.
  func preservingPlan(_ run: SigmaSchedule, steps: Int) -> SamplingPlan {
    let all = run.sigmas.map { NoiseLevel(preservingSigma: $0) }
    // diffusers starts these from plain noise; k-diffusion from noise of the first level.
    let scale =
      levels.startScale(run.sigmas[0], isListed: named != nil).map { $0 * all[0].signal }
      ?? (named == nil ? 1 : all[0].noise)
    return SamplingPlan(
      steps: steps, timesteps: told(run), levels: all, sigmas: run.sigmas, initialNoiseScale: scale)
  }

  /// The clean sample predicted for `x = clean + σ · noise`; the network sees it scaled to keep its variance.
  func clean(
    _ x: Tensor, sigma: Double, timestep: Float, step: Int, _ predict: ModelPrediction
  ) throws -> Tensor {
    let level = NoiseLevel(signal: 1, noise: sigma)
    let output = try predict(x * Float(denoised.inputScale(level)), timestep, step)
    return limit.apply(denoised.clean(output, x, level: level))
  }

  /// The slope `dx/dσ = (x − clean) / σ` of the deterministic path (Karras et al. 2022, eq. 3).
  func slope(
    _ x: Tensor, sigma: Double, timestep: Float, step: Int, _ predict: ModelPrediction
  ) throws -> Tensor {
    if denoised.isNoise, !limit.isOn {
      // The prediction is the slope; going through the clean sample would cost digits at small σ.
      return try predict(x * Float(denoised.inputScale(NoiseLevel(signal: 1, noise: sigma))), timestep, step)
    }
    let clean = try clean(x, sigma: sigma, timestep: timestep, step: step, predict)
    return x.scaled(by: Float(1 / sigma), adding: clean, times: Float(-1 / sigma))
  }
}

extension SchedulerConfig {
  /// The configuration with diffusers' spacing of timesteps replaced, if the name is one of those.
  func spaced(_ name: ScheduleName?) -> SchedulerConfig {
    guard let spacing = name?.spacing else { return self }
    var config = self
    config.spacing = spacing
    (config.given.useKarrasSigmas, config.given.useExponentialSigmas) = (nil, nil)
    (config.given.useBetaSigmas, config.given.useLuLambdas) = (nil, nil)
    return config
  }
}
