import Diffusion
import Foundation
import Testing

@Suite struct SchedulerConfigTests {
  private func decode(_ text: String) throws -> SchedulerConfig {
    try JSONDecoder().decode(SchedulerConfig.self, from: Data(text.utf8))
  }

  /// Keys a file leaves out take the defaults of diffusers' class.
  @Test func classDefaults() throws {
    let ddim = try decode(#"{"_class_name": "DDIMScheduler"}"#)
    #expect(ddim.betaSchedule == .linear && ddim.betaEnd == 0.02 && ddim.spacing == .leading && ddim.clipSample)
    let pndm = try decode(#"{"_class_name": "PNDMScheduler"}"#)
    #expect(!pndm.setAlphaToOne && pndm.spacing == .leading && !pndm.clipSample)
    let lcm = try decode(#"{"_class_name": "LCMScheduler"}"#)
    #expect(lcm.betaSchedule == .scaledLinear && lcm.betaEnd == 0.012 && lcm.setAlphaToOne)
    let euler = try decode(#"{"_class_name": "EulerDiscreteScheduler"}"#)
    #expect(euler.spacing == .linspace && euler.betaEnd == 0.02)
    #expect(try decode(#"{"_class_name": "DPMSolverMultistepScheduler"}"#).lowerOrderFinal)
    #expect(try decode(#"{"_class_name": "DPMSolverSinglestepScheduler"}"#).lowerOrderFinal == false)
  }

  /// Another sampler for Stable Diffusion 1.5's file gets its own class's spacing, and keeps what the file says.
  @Test func otherSamplersForOneFile() throws {
    let config = try decode(
      """
      {"_class_name": "PNDMScheduler", "beta_end": 0.012, "beta_schedule": "scaled_linear", "beta_start": 0.00085,
       "num_train_timesteps": 1000, "set_alpha_to_one": false, "skip_prk_steps": true, "steps_offset": 1,
       "trained_betas": null, "clip_sample": false}
      """)
    func timesteps(_ name: SamplerName) throws -> [Float] { try name.make(config, eta: 0).plan(steps: 4).timesteps }
    #expect(try timesteps(.pndm) == [751, 501, 501, 251, 1])
    #expect(try timesteps(.ddim) == [751, 501, 251, 1])
    #expect(try timesteps(.euler) == [999, 666, 333, 0])
    #expect(try timesteps(.dpmpp2M) == [999, 749, 500, 250])
    #expect(try timesteps(.lcm) == [999, 759, 499, 259])
  }

  @Test func roundTrip() throws {
    var config = try decode(
      #"{"_class_name": "DPMSolverMultistepScheduler", "algorithm_type": "sde-dpmsolver++", "solver_order": 3}"#)
    config.useKarrasSigmas = true
    config.predictionType = .velocity
    let again = try JSONDecoder().decode(SchedulerConfig.self, from: JSONEncoder().encode(config))
    #expect(again.algorithmType == "sde-dpmsolver++" && again.solverOrder == 3 && again.useKarrasSigmas)
    #expect(again.predictionType == .velocity && again.className == config.className && again.spacing == config.spacing)
  }

  /// Python writes infinities as no JSON has them.
  @Test func infiniteBound() throws {
    let decoder = JSONDecoder()
    decoder.allowsJSON5 = true
    let text = #"{"_class_name": "DPMSolverMultistepScheduler", "lambda_min_clipped": -Infinity}"#
    let config = try decoder.decode(SchedulerConfig.self, from: Data(text.utf8))
    #expect(try SamplerName.dpmpp2M.make(config, eta: 0).plan(steps: 4).timesteps == [999, 749, 500, 250])
    _ = try JSONEncoder().encode(config)
  }

  @Test(arguments: [
    (#"{"num_train_timesteps": 0}"#, "num_train_timesteps"), (#"{"beta_start": 0.5}"#, "beta_start"),
    (#"{"beta_start": -1}"#, "beta_start"), (#"{"num_train_timesteps": 2000000000}"#, "num_train_timesteps"),
    (#"{"trained_betas": [0.1, 0.2]}"#, "ok"), (#"{"trained_betas": [0.1, 2.0]}"#, "trained_betas"),
    (#"{"trained_betas": [0.1], "num_train_timesteps": 3}"#, "trained_betas"),
    (#"{"solver_order": 4}"#, "solver_order"), (#"{"variance_type": "learned_range"}"#, "variance_type"),
    (#"{"steps_offset": 1000}"#, "steps_offset"), (#"{"steps_offset": -5}"#, "steps_offset"),
    (#"{"shift": 0}"#, "shift"), (#"{"num_train_timesteps": 1000000}"#, "leave nothing of the picture"),
    (#"{"beta_start": 1e-12, "beta_end": 0.01}"#, "add no noise at timestep 0"),
    (#"{"beta_end": 0.99}"#, "leave nothing of the picture"),
    (#"{"num_train_timesteps": 1, "rescale_betas_zero_snr": true}"#, "rescale_betas_zero_snr"),
    (#"{"trained_betas": [0.1, 1e-9, 0.1]}"#, "trained_betas"), (#"{"clip_sample_range": -1}"#, "clip_sample_range"),
    (#"{"dynamic_thresholding_ratio": 2}"#, "dynamic_thresholding_ratio"),
    (#"{"sample_max_value": 0}"#, "sample_max_value"),
    (#"{"sigma_min": -1}"#, "sigma_min"), (#"{"shift_terminal": 1}"#, "shift_terminal"),
    (#"{"timestep_scaling": 0}"#, "timestep_scaling"),
    (#"{"original_inference_steps": 2000}"#, "original_inference_steps"),
    (#"{"shift": 1e300}"#, "shift"), (#"{"steps_offset": -9223372036854775808}"#, "steps_offset"),
    (#"{"_class_name": "EDMEulerScheduler", "sigma_min": 90}"#, "sigma_min"),
    (#"{"_class_name": "EDMEulerScheduler", "sigma_data": 0}"#, "sigma_data"),
    (#"{"_class_name": "EDMEulerScheduler", "rho": 0}"#, "rho"),
    (#"{"_class_name": "EDMEulerScheduler", "sigma_schedule": "linear"}"#, "sigma_schedule"),
    (#"{"_class_name": "EDMEulerScheduler", "prediction_type": "sample"}"#, "prediction_type"),
    (#"{"_class_name": "EDMEulerScheduler", "final_sigmas_type": "sigma_min"}"#, "final_sigmas_type"),
    (#"{"_class_name": "EDMDPMSolverMultistepScheduler", "algorithm_type": "dpmsolver"}"#, "algorithm_type"),
    (#"{"_class_name": "UniPCMultistepScheduler", "solver_p": ["DDIMScheduler", "x"]}"#, "solver_p"),
    (#"{"_class_name": "UniPCMultistepScheduler", "use_dynamic_shifting": true}"#, "use_dynamic_shifting"),
    (#"{"_class_name": "DPMSolverMultistepScheduler", "use_dynamic_shifting": true}"#, "use_dynamic_shifting"),
    (#"{"_class_name": "DPMSolverMultistepScheduler", "algorithm_type": "dpmsolver+++"}"#, "algorithm_type"),
    (#"{"_class_name": "DPMSolverMultistepScheduler", "solver_type": "runge"}"#, "solver_type"),
    (#"{"_class_name": "DDPMScheduler", "variance_type": "fixed_medium"}"#, "variance_type"),
    (#"{"_class_name": "DPMSolverSDEScheduler", "noise_sampler_seed": 3}"#, "noise_sampler_seed"),
    (#"{"unheard_of": 0.5}"#, "unheard_of"),
  ])
  func badValues(text: String, named: String) {
    guard named != "ok" else {
      #expect(throws: Never.self) { try decode(text) }
      return
    }
    #expect {
      try decode(text)
    } throws: { error in
      guard case DecodingError.dataCorrupted(let context) = error else { return false }
      return context.debugDescription.contains(named)
    }
  }

  /// Classes with formulas of their own, and rectified flows, get no sampler that would be wrong for them.
  @Test(arguments: [
    ("ScoreSdeVeScheduler", SamplerName.euler), ("CosineDPMSolverMultistepScheduler", .dpmpp2M),
    ("CogVideoXDDIMScheduler", .ddim), ("SomethingScheduler", .euler), ("FlowMatchEulerDiscreteScheduler", .ddim),
    ("FlowMatchHeunDiscreteScheduler", .pndm), ("IPNDMScheduler", .pndm),
  ])
  func otherKindsOfModels(className: String, sampler: SamplerName) throws {
    let config = try decode(#"{"_class_name": "\#(className)"}"#)
    #expect {
      try sampler.make(config, eta: 0).plan(steps: 4)
    } throws: { error in
      switch error as? SamplerError {
      case .unknownScheduler?, .otherKind?: true
      default: false
      }
    }
    _ = try SamplerName.flowEuler.make(try decode(#"{"_class_name": "FlowMatchHeunDiscreteScheduler"}"#), eta: 0)
      .plan(steps: 4)
  }

  /// Another class's settings mean nothing to a class that has not got them; a schedule's own do.
  @Test func settingsOfOtherClasses() throws {
    _ = try decode(
      """
      {"_class_name": "EulerDiscreteScheduler", "skip_prk_steps": true, "set_alpha_to_one": false, "solver_p": 3,
       "use_dynamic_shifting": true, "algorithm_type": "data_prediction", "predictor_order": 2, "_hidden": 7}
      """)
  }

  /// Settings of models this package has no use for are refused, not ignored.
  @Test(arguments: [
    (SamplerName.dpmpp2M, #"{"_class_name": "DPMSolverMultistepScheduler", "use_flow_sigmas": true}"#),
    (.flowEuler, #"{"_class_name": "FlowMatchEulerDiscreteScheduler", "use_dynamic_shifting": true}"#),
    (.flowEuler, #"{"_class_name": "FlowMatchEulerDiscreteScheduler", "invert_sigmas": true}"#),
    (.pndm, #"{"_class_name": "PNDMScheduler", "num_train_timesteps": 3}"#),
    (.lcm, #"{"_class_name": "LCMScheduler", "original_inference_steps": 0}"#),
  ])
  func unsupported(name: SamplerName, text: String) throws {
    let sampler = name.make(try decode(text), eta: 0)
    #expect {
      try sampler.plan(steps: 3)
    } throws: { error in
      guard case .unsupportedSetting? = error as? SamplerError else { return false }
      return true
    }
  }
}
