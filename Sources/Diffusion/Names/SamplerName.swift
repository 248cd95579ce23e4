/// Names of samplers, as people type them.
public enum SamplerName: String, Codable, Sendable, CaseIterable {
  case ddpm, ddim
  case ddimInverse = "ddim-inverse"
  case pndm, lms, euler
  case eulerAncestral = "euler-a"
  case heun, dpm2
  case dpm2Ancestral = "dpm2-a"
  case dpmpp2M = "dpmpp-2m"
  case dpmpp2MSDE = "dpmpp-2m-sde"
  /// As `dpmpp2MSDE`, with Heun's rule for the midpoint's.
  case dpmpp2MSDEHeun = "dpmpp-2m-sde-heun"
  case dpmpp3M = "dpmpp-3m"
  case dpmpp3MSDE = "dpmpp-3m-sde"
  case dpmpp2S = "dpmpp-2s"
  case dpmpp2SAncestral = "dpmpp-2s-a"
  case dpmppSDE = "dpmpp-sde"
  case dpmFast = "dpm-fast"
  case dpmAdaptive = "dpm-adaptive"
  case restart
  case deis, unipc, lcm, tcd
  case flowEuler = "flow-euler"

  /// Whether fresh noise is drawn during a run with `eta` 0, so that a seed and not the start alone decides the
  /// picture.
  public var isStochastic: Bool {
    switch self {
    case .ddpm, .eulerAncestral, .dpm2Ancestral, .dpmpp2MSDE, .dpmpp2MSDEHeun, .dpmpp3MSDE, .dpmpp2SAncestral,
      .dpmppSDE, .dpmFast, .dpmAdaptive, .restart, .lcm:
      true
    case .ddim, .ddimInverse, .pndm, .lms, .euler, .heun, .dpm2, .dpmpp2M, .dpmpp3M, .dpmpp2S, .deis, .unipc, .tcd,
      .flowEuler:
      false
    }
  }

  /// What it takes every network's output for; nil for what the model says.
  public var prediction: PredictionType? { self == .flowEuler ? .flow : nil }

  /// Whether `eta` says anything to it.
  public var takesEta: Bool { self == .ddim || self == .tcd }

  /// The noise schedules that mean something to it, `default` included.
  public var schedules: [ScheduleName] {
    switch self {
    case .ddpm, .ddim, .pndm: [.default, .trailing, .leading, .linspace]
    case .ddimInverse: [.default, .trailing, .leading]
    case .lcm, .tcd, .flowEuler: [.default]
    case .dpmFast, .dpmAdaptive, .restart: ScheduleName.allCases.filter { $0 == .default || $0.isSigmaList }
    case .dpmpp2S: ScheduleName.allCases.filter { $0 != .leading && $0 != .trailing }
    case .lms, .euler, .eulerAncestral, .heun, .dpm2, .dpm2Ancestral, .dpmpp2M, .dpmpp2MSDE, .dpmpp2MSDEHeun,
      .dpmpp3M, .dpmpp3MSDE, .dpmpp2SAncestral, .dpmppSDE, .deis, .unipc:
      ScheduleName.allCases
    }
  }

  /// Throws unless the schedule goes with the sampler. `Sampler.plan` checks it again.
  public func check(_ schedule: ScheduleName?) throws(SamplerError) {
    guard let schedule, !schedules.contains(schedule) else { return }
    throw .scheduleNotSupported(
      sampler: rawValue, schedule: schedule.rawValue,
      supported: schedules.map(\.rawValue).filter { $0 != ScheduleName.default.rawValue })
  }
}
