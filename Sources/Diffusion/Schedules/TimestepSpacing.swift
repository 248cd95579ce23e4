/// The training timesteps of a run (Lin et al. 2024, table 2; diffusers' `timestep_spacing`), last first.
enum TimestepSpacing {
  /// `count` values from `start` to `end`, both included, computed from the start as numpy does.
  static func linspace(_ start: Double, _ end: Double, _ count: Int) -> [Double] {
    guard count > 1 else { return [start] }
    let step = (end - start) / Double(count - 1)
    return (0..<count).map { $0 == count - 1 ? end : start + Double($0) * step }
  }

  /// Whole timesteps of DDPM, DDIM and PNDM.
  static func whole(_ config: SchedulerConfig, steps: Int, sampler: String) throws(SamplerError) -> [Int] {
    let values = try fractional(config, steps: steps, sampler: sampler)
    return values.map { Int($0.rounded(.toNearestOrEven)) }
  }

  /// Timesteps of the samplers that follow k-diffusion, which evenly spaced ones leave fractional.
  static func fractional(_ config: SchedulerConfig, steps: Int, sampler: String) throws(SamplerError) -> [Double] {
    let total = config.trainSteps
    guard steps >= 1, steps <= total else { throw .badSteps(sampler: sampler, steps: steps, limit: total) }
    switch config.spacing {
    case .leading:
      let ratio = total / steps
      try checkOffset(config, last: (steps - 1) * ratio, steps: steps)
      return (0..<steps).reversed().map { Double($0 * ratio + config.stepsOffset) }
    case .trailing:
      return trailing(total, from: total, steps: steps).map(Double.init)
    case .linspace:
      return linspace(0, Double(total - 1), steps).reversed()
    }
  }

  /// Timesteps of the DPM-Solver family, which never visits the last one, timestep 0.
  /// - Parameter limit: timesteps from here on are left out (`lambda_min_clipped`).
  static func exceptLast(
    _ config: SchedulerConfig, steps: Int, below limit: Int, sampler: String
  ) throws(SamplerError) -> [Int] {
    guard steps >= 1, steps < limit else { throw .badSteps(sampler: sampler, steps: steps, limit: limit - 1) }
    switch config.spacing {
    case .leading:
      let ratio = limit / (steps + 1)
      try checkOffset(config, last: steps * ratio, steps: steps)
      return (1...steps).reversed().map { $0 * ratio + config.stepsOffset }
    case .trailing:
      return trailing(config.trainSteps, from: limit, steps: steps)
    case .linspace:
      return linspace(0, Double(limit - 1), steps + 1).dropFirst().reversed().map {
        Int($0.rounded(.toNearestOrEven))
      }
    }
  }

  private static func trailing(_ total: Int, from limit: Int, steps: Int) -> [Int] {
    let ratio = Double(total) / Double(steps)
    return (0..<steps).map { i in
      Int((Double(limit) - Double(i) * ratio).rounded(.toNearestOrEven)) - 1
    }.filter { $0 >= 0 }
  }

  private static func checkOffset(_ config: SchedulerConfig, last: Int, steps: Int) throws(SamplerError) {
    guard last + config.stepsOffset < config.trainSteps else {
      throw .offsetOutOfRange(steps: steps, offset: config.stepsOffset, trainSteps: config.trainSteps)
    }
  }
}
