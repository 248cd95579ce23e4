import Diffusion
import Testing

@Suite struct SamplerNameTests {
  /// Every name of the command line.
  @Test func commandLineNames() {
    let contract = [
      "ddpm", "ddim", "pndm", "lms", "euler", "euler-a", "heun", "dpm2", "dpm2-a", "dpmpp-2m", "dpmpp-2m-sde",
      "dpmpp-3m", "dpmpp-2s", "deis", "unipc", "lcm", "tcd",
    ]
    for name in contract { #expect(SamplerName(rawValue: name) != nil, "\(name)") }
    let schedules = [
      "default", "karras", "exponential", "sgm-uniform", "simple", "beta", "ays", "trailing", "leading", "linspace",
    ]
    for name in schedules { #expect(ScheduleName(rawValue: name) != nil, "\(name)") }
  }

  @Test(arguments: SamplerName.allCases)
  func displayNamesRoundTrip(name: SamplerName) throws {
    #expect(SamplerName(displayName: name.displayName) == name)
    #expect(SamplerName(displayName: name.rawValue) == name)
    for schedule in ScheduleName.allCases where schedule != .default {
      let parsed = try SamplerName.parse("\(name.displayName) \(schedule.displayName)")
      #expect(parsed.sampler == name && parsed.schedule == schedule, "\(name) \(schedule)")
    }
  }

  @Test(arguments: ScheduleName.allCases)
  func scheduleNamesRoundTrip(name: ScheduleName) throws {
    #expect(ScheduleName(displayName: name.displayName) == name)
    #expect(try ScheduleName(parsing: name.rawValue) == name)
  }

  private static let spellings: [(String, SamplerName, ScheduleName?)] = [
    ("DPM++ 2M Karras", .dpmpp2M, .karras), ("Euler a", .eulerAncestral, nil), ("DPM++ 2M SDE", .dpmpp2MSDE, nil),
    ("DPM++ 2M SDE Heun Exponential", .dpmpp2MSDEHeun, .exponential),
    ("DPM++ 2S a Karras", .dpmpp2SAncestral, .karras), ("DPM++ 3M SDE Karras", .dpmpp3MSDE, .karras),
    ("DPM++ SDE Karras", .dpmppSDE, .karras), ("DPM2 a Karras", .dpm2Ancestral, .karras), ("PLMS", .pndm, nil),
    ("dpmpp_2m", .dpmpp2M, nil), ("dpmpp_2s_ancestral", .dpmpp2SAncestral, nil),
    ("k_euler_a", .eulerAncestral, nil), ("euler_ancestral", .eulerAncestral, nil), ("dpm++2m", .dpmpp2M, nil),
    ("Euler SGM Uniform", .euler, .sgmUniform), ("DPM++ 2M Align Your Steps", .dpmpp2M, .ays),
    ("DPM++ 2M KL Optimal", .dpmpp2M, .klOptimal), ("LMS Karras", .lms, .karras),
    ("DPM fast", .dpmFast, nil), ("k_dpm_fast", .dpmFast, nil), ("DPM adaptive", .dpmAdaptive, nil),
    ("k_dpmpp_2m_ka", .dpmpp2M, .karras), ("k_dpmpp_2m_sde_exp", .dpmpp2MSDE, .exponential),
    ("k_dpm_2_a_ka", .dpm2Ancestral, .karras), ("k_dpmpp_2s_a_ka", .dpmpp2SAncestral, .karras),
    ("k_dpmpp_3m_sde", .dpmpp3MSDE, nil), ("k_lms_ka", .lms, .karras), ("k_dpmpp_sde_ka", .dpmppSDE, .karras),
    ("k_dpm_ad", .dpmAdaptive, nil), ("Restart", .restart, nil), ("Restart Karras", .restart, .karras),
  ]

  /// Names as AUTOMATIC1111, ComfyUI and others write them.
  @Test(arguments: spellings)
  func spelling(text: String, sampler: SamplerName, schedule: ScheduleName?) throws {
    let parsed = try SamplerName.parse(text)
    #expect(parsed.sampler == sampler)
    #expect(parsed.schedule == schedule)
  }

  @Test(arguments: [
    ("Karras", ScheduleName.karras), ("SGM Uniform", .sgmUniform), ("sgm_uniform", .sgmUniform),
    ("Automatic", .default),
    ("align_your_steps", .ays), ("ddim_uniform", .ddim), ("kl_optimal", .klOptimal),
  ])
  func scheduleSpelling(text: String, name: ScheduleName) throws {
    #expect(try ScheduleName(parsing: text) == name)
  }

  @Test(arguments: [("eulr", "euler"), ("DPM++ 2MM", "dpmpp-2m"), ("dpm 3", "dpm2"), ("unipcc", "unipc")])
  func unknownSampler(text: String, near: String) {
    #expect {
      try SamplerName.parse(text)
    } throws: { error in
      guard case .unknownName("sampler", text, let nearest)? = error as? SamplerError else { return false }
      let line = "\(error)"
      return nearest.contains(near) && nearest.count <= 4 && line.contains(text) && !line.contains("\n")
    }
    #expect(SamplerName(displayName: text) == nil)
  }

  @Test func unknownSchedule() {
    #expect(throws: SamplerError.self) { try ScheduleName(parsing: "karas") }
    #expect {
      try ScheduleName(parsing: "karas")
    } throws: {
      "\($0)".contains("karras")
    }
    // A long or empty name is no more than unknown.
    #expect(SamplerName(displayName: String(repeating: "x", count: 100_000)) == nil)
    #expect(SamplerName(displayName: "") == nil)
  }

  /// Every class diffusers and this package share, and the settings that tell names apart.
  @Test(arguments: [
    ("DDPMScheduler", nil, 2, SamplerName.ddpm), ("DDIMScheduler", nil, 2, .ddim),
    ("DDIMInverseScheduler", nil, 2, .ddimInverse), ("PNDMScheduler", nil, 2, .pndm),
    ("LMSDiscreteScheduler", nil, 2, .lms), ("EulerDiscreteScheduler", nil, 2, .euler),
    ("EulerAncestralDiscreteScheduler", nil, 2, .eulerAncestral), ("HeunDiscreteScheduler", nil, 2, .heun),
    ("KDPM2DiscreteScheduler", nil, 2, .dpm2), ("KDPM2AncestralDiscreteScheduler", nil, 2, .dpm2Ancestral),
    ("DPMSolverMultistepScheduler", nil, 2, .dpmpp2M), ("DPMSolverMultistepScheduler", nil, 3, .dpmpp3M),
    ("DPMSolverMultistepScheduler", "sde-dpmsolver++", 2, .dpmpp2MSDE),
    ("DPMSolverMultistepScheduler", "sde-dpmsolver++", 3, .dpmpp3MSDE),
    ("DPMSolverMultistepScheduler", "dpmsolver", 2, .dpmpp2M), ("DPMSolverSinglestepScheduler", nil, 2, .dpmpp2S),
    ("DPMSolverSDEScheduler", nil, 2, .dpmppSDE), ("DEISMultistepScheduler", nil, 2, .deis),
    ("UniPCMultistepScheduler", nil, 2, .unipc), ("LCMScheduler", nil, 2, .lcm), ("TCDScheduler", nil, 2, .tcd),
    ("FlowMatchEulerDiscreteScheduler", nil, 2, .flowEuler),
  ])
  func schedulerClasses(className: String, algorithm: String?, order: Int, name: SamplerName) {
    var config = SchedulerConfig()
    config.className = className
    if let algorithm { config.algorithmType = algorithm }
    config.solverOrder = order
    #expect(SamplerName(config) == name)
  }

  @Test func unknownClass() {
    #expect(SamplerName(schedulerClass: "ScoreSdeVeScheduler") == nil)
    var config = SchedulerConfig()
    config.className = "ScoreSdeVeScheduler"
    #expect(SamplerName(config) == nil)
  }

  /// A schedule that does not go with the sampler is an error of its plan, whichever sampler and schedule.
  @Test(arguments: SamplerName.allCases)
  func schedules(name: SamplerName) throws {
    for schedule in ScheduleName.allCases {
      let sampler = name.make(SchedulerConfig(), eta: 0, schedule: schedule)
      if name.schedules.contains(schedule) {
        #expect(try sampler.plan(steps: 8).timesteps.count >= 8)
        try name.check(schedule)
      } else {
        #expect(throws: SamplerError.self) { try sampler.plan(steps: 8) }
        #expect(throws: SamplerError.self) { try name.check(schedule) }
      }
    }
  }

  /// Numbers of steps that cannot be run.
  @Test(arguments: SamplerName.allCases)
  func badSteps(name: SamplerName) {
    let sampler = name.make(SchedulerConfig(), eta: 0)
    for steps in [-1, 0, 1001, Int.max] {
      #expect(throws: SamplerError.self, "\(steps)") { try sampler.plan(steps: steps) }
    }
  }

  @Test func stepsBeyondTheTable() {
    var config = SchedulerConfig()
    config.stepsOffset = 1
    #expect(throws: SamplerError.offsetOutOfRange(steps: 1000, offset: 1, trainSteps: 1000)) {
      try DDIMSampler(config, eta: 0).plan(steps: 1000)
    }
  }

  /// The schedules of AUTOMATIC1111's list of samplers (modules/sd_samplers_kdiffusion.py, version 1.10) for "Automatic".
  @Test(
    arguments: [
      ("DPM++ 2M", .karras), ("DPM++ SDE", .karras), ("DPM++ 2M SDE", .exponential),
      ("DPM++ 2M SDE Heun", .exponential),
      ("DPM++ 2S a", .karras), ("DPM++ 3M SDE", .exponential), ("Euler a", .uniform), ("Euler", .uniform),
      ("LMS", .uniform), ("Heun", .uniform), ("DPM2", .karras), ("DPM2 a", .karras), ("DPM fast", .uniform),
      ("DPM adaptive", .uniform), ("Restart", .karras), ("DDIM", nil), ("PLMS", nil), ("UniPC", nil), ("LCM", nil),
    ] as [(String, ScheduleName?)])
  func automaticSchedules(name: String, schedule: ScheduleName?) throws {
    #expect(try SamplerName.parse(name).sampler.automaticSchedule == schedule)
  }
}
