import Diffusion
import Foundation
import TensorCore
import Testing

/// Every sampler with every schedule and number of steps gives numbers, or says why it does not go.
@Suite struct FiniteSamplingTests {
  private static let zeroSNR = #""rescale_betas_zero_snr": true, "timestep_spacing": "trailing""#
  private static let scaled = #""beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012"#

  /// Configurations by name; `bundled` is that of the model that comes with the program.
  static let configurations = [
    "sd": "{\(scaled), \"clip_sample\": false, \"steps_offset\": 1}",
    "sd v": "{\(scaled), \"prediction_type\": \"v_prediction\", \"skip_prk_steps\": true}",
    "bundled": """
    {"beta_schedule": "squaredcos_cap_v2", "clip_sample": false, "prediction_type": "v_prediction", \(zeroSNR)}
    """,
    "zero v": "{\(scaled), \"prediction_type\": \"v_prediction\", \"skip_prk_steps\": true, \(zeroSNR)}",
    "zero v leading": """
    {\(scaled), "prediction_type": "v_prediction", "rescale_betas_zero_snr": true, "set_alpha_to_one": false}
    """,
    "zero sample": "{\(scaled), \"prediction_type\": \"sample\", \"skip_prk_steps\": true, \(zeroSNR)}",
    "edm": #"{"_class_name": "EDMEulerScheduler"}"#,
    "edm v": #"""
    {"_class_name": "EDMDPMSolverMultistepScheduler", "prediction_type": "v_prediction", "sigma_data": 1,
     "sigma_max": 120, "sigma_schedule": "exponential"}
    """#,
  ]

  private func config(_ name: String) throws -> SchedulerConfig {
    try JSONDecoder().decode(SchedulerConfig.self, from: Data(Self.configurations[name, default: ""].utf8))
  }

  /// Runs from noise and from a clean sample halfway on.
  /// - Returns: what is not finite, or nil.
  private func fault(_ sampler: any Sampler, steps: Int) throws -> String? {
    let plan = try sampler.plan(steps: steps)
    for (index, entered) in [plan, plan.starting(at: steps / 2)].enumerated() where !entered.indices.isEmpty {
      // Adaptive and Runge-Kutta methods have plans of their own for a later entry, or none.
      if index == 1, steps == 1 { continue }
      var noise = NoiseSource(.torch, seeds: [1])
      let fresh = noise.normal([1, 2, 2, 4])
      let start = sampler.enter(fresh, clean: index == 0 ? nil : fresh * 0.5, plan: entered)
      guard start.firstNonFinite == nil else { return "the start" }
      var broken: String?
      do {
        let result = try sampler.sample(
          start, plan: entered, noise: &noise,
          predict: { x, t, step in
            if broken == nil, x.firstNonFinite != nil || !t.isFinite { broken = "the network's input at \(step)" }
            return SchedulerSetup.standIn(x, t)
          },
          onStep: { step in
            if broken == nil, step.sample.firstNonFinite != nil { broken = "step \(step.index) of \(step.count)" }
            return nil
          })
        if broken == nil, result.firstNonFinite != nil { broken = "the result" }
      } catch is SamplerError where index == 1 {
        continue
      }
      if let broken { return broken + (index == 1 ? ", entered later" : "") }
    }
    return nil
  }

  @Test(arguments: configurations.keys.sorted(), SamplerName.allCases)
  func numbers(name: String, sampler: SamplerName) throws {
    let config = try config(name)
    for schedule in sampler.schedules {
      for steps in [1, 2, 3, 4, 5, 10, 30] {
        let made = sampler.make(config, eta: sampler == .tcd ? 0.3 : 0, schedule: schedule)
        do {
          if let fault = try fault(made, steps: steps) {
            Issue.record("\(name), \(sampler.rawValue), \(schedule.rawValue), \(steps) steps: \(fault)")
          }
        } catch let error as SamplerError {
          // Only what is refused by name.
          switch error {
          case .badSteps, .offsetOutOfRange, .unsupportedSetting, .continuousModel, .otherKind, .scheduleNotSupported:
            break
          default: Issue.record("\(name), \(sampler.rawValue), \(schedule.rawValue), \(steps) steps: \(error)")
          }
        }
      }
    }
  }

  /// Plans as long as a model's timesteps, which some schedules make longer or shorter, entered anywhere.
  @Test(arguments: SamplerName.allCases, [997, 999, 1000]) func longPlans(sampler: SamplerName, steps: Int) throws {
    for name in ["bundled", "edm"] {
      for schedule in sampler.schedules {
        guard let plan = try? sampler.make(try config(name), eta: 0, schedule: schedule).plan(steps: steps) else {
          continue
        }
        for start in [0, 1, 500, steps - 1, steps] {
          let entered = plan.starting(at: start)
          #expect(
            entered.levels.allSatisfy { $0.signal.isFinite && $0.noise.isFinite }
              && entered.timesteps.allSatisfy(\.isFinite),
            "\(name), \(sampler.rawValue), \(schedule.rawValue) from \(start)")
        }
      }
    }
  }

  /// Fresh noise of DDIM does not change that.
  @Test(arguments: ["bundled", "zero v", "sd"]) func numbersWithNoise(name: String) throws {
    for steps in [1, 2, 3, 30] {
      #expect(try fault(SamplerName.ddim.make(try config(name), eta: 1), steps: steps) == nil)
    }
  }

  /// Where nothing of the picture is left, its predicted noise says nothing: one line instead of a division by zero.
  @Test(arguments: [SamplerName.ddim, .ddpm, .pndm, .lcm, .tcd])
  func noiseWithoutSignal(name: SamplerName) throws {
    let text = "{\(Self.scaled), \"skip_prk_steps\": true, \(Self.zeroSNR)}"
    let config = try JSONDecoder().decode(SchedulerConfig.self, from: Data(text.utf8))
    #expect {
      try name.make(config, eta: 0).plan(steps: 4)
    } throws: { error in
      error as? SamplerError == .noSignal(sampler: name.rawValue, timestep: 999)
    }
  }

  /// With any number of steps, and in image to image: Runge-Kutta steps are made where they go, unless the model's own
  /// file is PNDM's, which asks for them.
  @Test func pndmOfOtherModels() throws {
    let sampler = SamplerName.pndm.make(try config("bundled"), eta: 0)
    for steps in [1, 2, 3] {
      #expect(try sampler.plan(steps: steps).timesteps.count == (steps == 1 ? 1 : steps + 1))
    }
    let plan = try sampler.plan(steps: 30)
    #expect(plan.timesteps.count == 12 + 27 && plan.starting(at: 15).timesteps.count == 31)
    #expect(try fault(sampler, steps: 30) == nil)
    let own = try JSONDecoder().decode(
      SchedulerConfig.self, from: Data(#"{"_class_name": "PNDMScheduler"}"#.utf8))
    #expect(try SamplerName.pndm.make(own, eta: 0).plan(steps: 10).timesteps.count == 12 + 7)
  }

  /// At the end of a schedule without signal PNDM's transfer is the limit of what it is before it.
  @Test func transferWithoutSignal() throws {
    func result(_ last: Float) throws -> [Float] {
      let betas: [Float] = [0.1, 0.2, 0.3, last]
      let list = betas.map { "\($0)" }.joined(separator: ", ")
      let text = """
        {"_class_name": "PNDMScheduler", "skip_prk_steps": true, "trained_betas": [\(list)],
         "prediction_type": "v_prediction", "timestep_spacing": "trailing"}
        """
      let sampler = SamplerName.pndm.make(
        try JSONDecoder().decode(SchedulerConfig.self, from: Data(text.utf8)), eta: 0)
      let plan = try sampler.plan(steps: 2)
      var noise = NoiseSource(.torch, seeds: [1])
      return try sampler.sample(
        sampler.enter(noise.normal([1, 2, 2, 4]), plan: plan), plan: plan, noise: &noise,
        predict: { x, t, _ in SchedulerSetup.standIn(x, t) }, onStep: { _ in nil }
      ).floats()
    }
    // 1 - 2⁻²⁴ is the largest float below 1; what is left of the signal then is 1e-7.
    let limit = try result(0.999_999_94)
    for (a, b) in zip(try result(0.999_99), limit) { #expect(abs(a - b) < 0.01) }
  }
}
