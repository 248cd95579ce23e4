import TensorCore

/// Pseudo numerical methods on the manifold (Liu et al. 2022): Adams–Bashforth steps of order 4 with DDIM's transfer
/// (eq. 9 to 12), started by a second order step, or by Runge–Kutta steps where the configuration does not skip them.
public struct PNDMSampler: Sampler {
  let config: SchedulerConfig
  let schedule: NoiseSchedule

  /// Network calls of the three Runge–Kutta steps.
  private static let rungeKuttaCalls = 12

  /// Whether runs that Runge–Kutta steps do not go with, of fewer than four steps or entered later, are made without.
  let mayStartPlainly: Bool

  /// - Parameter mayStartPlainly: for a model whose file does not ask for Runge–Kutta steps, which are only the default
  ///   of diffusers' class then; otherwise such runs are refused.
  public init(_ config: SchedulerConfig, mayStartPlainly: Bool = false) {
    self.config = config
    self.mayStartPlainly = mayStartPlainly
    schedule = config.schedule
  }

  private var usesRungeKutta: Bool { !(config.given.skipPRKSteps ?? config.defaults.skipPRKSteps) }

  public func plan(steps: Int) throws(SamplerError) -> SamplingPlan {
    let whole = try TimestepSpacing.whole(config, steps: steps, sampler: "pndm")
    try config.checkDiscrete(whole, sampler: "pndm")
    // The second timestep comes twice: the first step is taken, then taken again with both slopes.
    let plain = SamplingPlan(
      steps: steps, timesteps: steps > 1 ? [whole[0], whole[1]] + whole[1...] : whole, schedule: schedule)
    guard usesRungeKutta, steps >= 4 || !mayStartPlainly else { return plain }
    guard steps >= 4 else {
      throw .unsupportedSetting(sampler: "pndm", key: "skip_prk_steps", value: "false with fewer than 4 steps")
    }
    let half = config.trainSteps / steps / 2
    var stages: [Int] = []
    for (from, to) in zip(whole.prefix(3), whole.dropFirst()) { stages += [from, to + half, to + half, to] }
    var plan = SamplingPlan(steps: steps, timesteps: stages + whole.dropFirst(3), schedule: schedule)
    if mayStartPlainly { plan.later = { plain.starting(at: $0) } }
    return plan
  }

  public func sample(
    _ x: Tensor, plan: SamplingPlan, noise: inout NoiseSource, predict: ModelPrediction,
    onStep: (SamplingStep) throws -> Tensor?
  ) throws -> Tensor {
    let usesRungeKutta = usesRungeKutta && plan.timesteps.count > plan.steps + 1
    guard !usesRungeKutta || plan.start == 0 else {
      throw SamplerError.unsupportedSetting(
        sampler: "pndm", key: "skip_prk_steps", value: "false in image to image")
    }
    let ratio = config.trainSteps / plan.steps
    let timesteps = plan.timesteps.map { Int($0) }
    var x = x
    // Where the present step started, its weighted slopes, and the slopes at the last four timesteps, newest last.
    var (base, slope) = (x, Tensor?.none)
    var slopes: [Tensor] = []
    for i in plan.indices {
      let t = timesteps[i]
      let output = try predict(x, Float(t), i)
      let call = i - plan.start
      if usesRungeKutta, call < Self.rungeKuttaCalls {
        let stage = call % 4
        if stage == 0 {
          base = x
          slopes.append(output)
        }
        let weight = stage == 0 || stage == 3 ? 1.0 / 6 : 1.0 / 3
        let sum = Tensor.combination((slope.map { [(1, $0)] } ?? []) + [(weight, output)])
        slope = stage == 3 ? nil : sum
        x = transfer(
          base, stage == 3 ? sum : output, from: timesteps[call - stage], to: stage % 2 == 0 ? t - ratio / 2 : t)
      } else if call == 1, slopes.count == 1 {
        let mean = Tensor.combination([(0.5, output), (0.5, slopes[0])])
        x = transfer(base, mean, from: min(t + ratio, config.trainSteps - 1), to: t)
      } else {
        if call == 0 { base = x }
        slopes = slopes.suffix(3) + [output]
        x = transfer(x, Self.adamsBashforth(slopes), from: t, to: t - ratio)
      }
      x = try onStep(SamplingStep(i, of: plan, sample: x)) ?? x
    }
    return x
  }

  private static func adamsBashforth(_ slopes: [Tensor]) -> Tensor {
    let weights: [Double] =
      switch slopes.count {
      case 1: [1]
      case 2: [-0.5, 1.5]
      case 3: [5.0 / 12, -16.0 / 12, 23.0 / 12]
      default: [-9.0 / 24, 37.0 / 24, -59.0 / 24, 55.0 / 24]
      }
    return Tensor.combination(Array(zip(weights, slopes)))
  }

  /// Moves a sample along predicted noise (eq. 9).
  ///
  /// The equation is `signal′ · clean + noise′ · ε` written without the clean sample, and divides by the signal. Where
  /// nothing of that is left, at the end of a schedule with zero terminal SNR, velocities and clean samples still tell
  /// both terms, so the sum is taken as it stands. (diffusers' PNDM has no such schedules and would divide by zero.)
  private func transfer(_ x: Tensor, _ output: Tensor, from t: Int, to next: Int) -> Tensor {
    let last = config.setAlphaToOne ? NoiseLevel.clean : schedule.level(0)
    let (level, target) = (schedule.level(t), schedule.level(next, last: last))
    let (clean, epsilon) = Denoised(schedule).cleanAndNoise(output, x, level: level)
    guard level.signal > 0 else {
      return clean.scaled(by: Float(target.signal), adding: epsilon, times: Float(target.noise))
    }
    let (bar, barNext) = (level.signal * level.signal, target.signal * target.signal)
    let divisor = bar * target.noise + level.signal * level.noise * target.signal
    return x.scaled(
      by: Float(target.signal / level.signal), adding: epsilon, times: Float((bar - barNext) / divisor))
  }
}
