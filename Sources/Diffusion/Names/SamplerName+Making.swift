import TensorCore

extension SamplerName {
  /// The sampler for a pipeline's scheduler configuration.
  /// - Parameters:
  ///   - eta: fresh noise of DDIM (0 none, 1 as DDPM) and TCD (there called γ, usually 0.3); others have no use for it.
  ///   - schedule: noise levels in place of the configuration's; one that does not go with the sampler is an error of
  ///     its `plan(steps:)`.
  ///   - ays: the model's levels for align-your-steps.
  public func make(
    _ config: SchedulerConfig, eta: Double, schedule: ScheduleName? = nil, ays: AlignYourSteps = .stableDiffusion
  ) -> any Sampler {
    let sampler = sampler(config, eta: eta, schedule: schedule, ays: ays)
    do {
      try check(schedule)
      try check(config, schedule)
      return sampler
    } catch {
      return MismatchedSampler(sampler: sampler, error: error)
    }
  }

  private func sampler(
    _ config: SchedulerConfig, eta: Double, schedule: ScheduleName?, ays: AlignYourSteps
  ) -> any Sampler {
    let adapted = diffusersClass.map { config.className == $0 ? config : config.adapted(to: $0) } ?? config
    let spaced = adapted.spaced(schedule)
    func multistep(_ order: Int, stochastic: Bool, midpoint: Bool) -> any Sampler {
      DPMSolverMultistepSampler(
        config, order: order, stochastic: stochastic, midpoint: midpoint, schedule: schedule, ays: ays,
        name: rawValue)
    }
    // Samplers that diffusers has not have no levels of its either.
    let list = schedule.flatMap { $0.isSigmaList ? $0 : nil }
    let isMidpoint = config.given.solverType != "heun"
    // A configuration of this very class may ask for first order.
    let isOwn = SamplerName(schedulerClass: config.className)?.diffusersClass == diffusersClass
    let second = isOwn ? min(config.solverOrder, 2) : 2
    if list == nil, let own = config.levels.sampler(self, config) { return own }
    return switch self {
    case .ddpm: DDPMSampler(spaced)
    case .ddim: DDIMSampler(spaced, eta: eta)
    case .ddimInverse: DDIMInverseSampler(spaced)
    case .pndm:
      PNDMSampler(
        spaced, mayStartPlainly: config.className != diffusersClass && config.given.skipPRKSteps == nil)
    case .lms: LMSSampler(config, schedule: schedule, ays: ays)
    case .euler: EulerSampler(config, schedule: schedule, ays: ays)
    case .eulerAncestral: EulerAncestralSampler(config, schedule: schedule, ays: ays)
    case .heun: HeunSampler(config, schedule: schedule, ays: ays)
    case .dpm2: DPM2Sampler(config, schedule: schedule, ays: ays)
    case .dpm2Ancestral: DPM2AncestralSampler(config, schedule: schedule, ays: ays)
    case .dpmpp2M: multistep(second, stochastic: false, midpoint: isMidpoint)
    case .dpmpp2MSDE: multistep(second, stochastic: true, midpoint: isMidpoint)
    case .dpmpp2MSDEHeun: multistep(2, stochastic: true, midpoint: false)
    case .dpmpp3M: multistep(3, stochastic: false, midpoint: isMidpoint)
    // k-diffusion has one rule for its second-order steps.
    case .dpmpp3MSDE: multistep(3, stochastic: true, midpoint: false)
    case .dpmpp2S: DPMSolverSinglestepSampler(config, schedule: schedule, ays: ays)
    case .dpmpp2SAncestral: DPMSolverPP2SAncestralSampler(config, schedule: schedule, ays: ays)
    case .dpmppSDE: DPMSolverPPSDESampler(config, schedule: schedule, ays: ays)
    case .dpmFast: DPMFastSampler(config, schedule: list, ays: ays)
    case .dpmAdaptive: DPMAdaptiveSampler(config, schedule: list, ays: ays)
    case .restart: RestartSampler(config, schedule: list, ays: ays)
    case .deis: DEISSampler(config, schedule: schedule, ays: ays)
    case .unipc: UniPCSampler(config, schedule: schedule, ays: ays)
    case .lcm: LCMSampler(config)
    case .tcd: TCDSampler(config, gamma: eta)
    case .flowEuler: FlowMatchEulerSampler(config)
    }
  }

  /// Throws unless the sampler goes with the model.
  private func check(_ config: SchedulerConfig, _ schedule: ScheduleName?) throws(SamplerError) {
    guard config.isKnown else { throw .unknownScheduler(className: config.className) }
    try config.levels.check(self, schedule)
  }

  /// The diffusers class that does the same, if there is one.
  public var diffusersClass: String? {
    switch self {
    case .ddpm: "DDPMScheduler"
    case .ddim: "DDIMScheduler"
    case .ddimInverse: "DDIMInverseScheduler"
    case .pndm: "PNDMScheduler"
    case .lms: "LMSDiscreteScheduler"
    case .euler: "EulerDiscreteScheduler"
    case .eulerAncestral: "EulerAncestralDiscreteScheduler"
    case .heun: "HeunDiscreteScheduler"
    case .dpm2: "KDPM2DiscreteScheduler"
    case .dpm2Ancestral: "KDPM2AncestralDiscreteScheduler"
    case .dpmpp2M, .dpmpp2MSDE, .dpmpp2MSDEHeun, .dpmpp3M, .dpmpp3MSDE: "DPMSolverMultistepScheduler"
    case .dpmpp2S: "DPMSolverSinglestepScheduler"
    case .dpmppSDE: "DPMSolverSDEScheduler"
    case .deis: "DEISMultistepScheduler"
    case .unipc: "UniPCMultistepScheduler"
    case .lcm: "LCMScheduler"
    case .tcd: "TCDScheduler"
    case .flowEuler: "FlowMatchEulerDiscreteScheduler"
    case .dpmpp2SAncestral, .dpmFast, .dpmAdaptive, .restart: nil
    }
  }

  /// The sampler a diffusers scheduler class stands for with its default settings, or nil if there is none here.
  public init?(schedulerClass: String) {
    switch schedulerClass {
    case "DDIMParallelScheduler": self = .ddim
    case "DDPMParallelScheduler": self = .ddpm
    default:
      let own = SchedulerConfig.kind(ofClass: schedulerClass)?.classes[schedulerClass] ?? nil
      guard let name = own ?? Self.allCases.first(where: { $0.diffusersClass == schedulerClass }) else { return nil }
      self = name
    }
  }

  /// The sampler a scheduler configuration stands for, its `algorithm_type` and `solver_order` included, or nil if
  /// there is none here.
  public init?(_ config: SchedulerConfig) {
    self.init(schedulerClass: config.className)
    guard self == .dpmpp2M else { return }
    let isStochastic = config.algorithmType.hasPrefix("sde-")
    if config.solverOrder == 3 {
      self = isStochastic ? .dpmpp3MSDE : .dpmpp3M
    } else if isStochastic {
      self = .dpmpp2MSDE
    }
  }
}

/// A sampler with a schedule that does not go with it: it cannot make a plan.
private struct MismatchedSampler: Sampler {
  let sampler: any Sampler
  let error: SamplerError

  func plan(steps: Int) throws -> SamplingPlan { throw error }

  func sample(
    _ x: Tensor, plan: SamplingPlan, noise: inout NoiseSource, predict: ModelPrediction,
    onStep: (SamplingStep) throws -> Tensor?
  ) throws -> Tensor {
    try sampler.sample(x, plan: plan, noise: &noise, predict: predict, onStep: onStep)
  }
}
