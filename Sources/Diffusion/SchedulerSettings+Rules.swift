import Configurations

extension SchedulerSettings {
  /// What is made of the settings of a diffusers class.
  ///
  /// diffusers keeps what another class's file says when it makes a scheduler from it, so every class may have the
  /// settings of all; those it has no parameter for mean nothing to it.
  static func rules(className: String) -> SettingRules {
    let known = Dictionary(
      uniqueKeysWithValues: CodingKeys.allCases.map { ($0.rawValue, SettingRules.Rule.readOrNull) })
    var rules = known.merging(foreign.map { ($0, .ignored) }) { read, _ in read }
    // A class that has the parameter, and values of it that are not built here.
    let isOff = SettingRules.Rule.only([false, nil])
    rules["prediction_type"] = .only(["epsilon", "v_prediction", "sample", nil])
    switch className {
    case "UniPCMultistepScheduler":
      (rules["solver_p"], rules["use_dynamic_shifting"]) = (.only([nil]), isOff)
      (rules["shift_terminal"], rules["solver_type"]) = (.only([nil]), .only(["bh1", "bh2", nil] + multistepTypes))
    case "DPMSolverMultistepScheduler", "DPMSolverSinglestepScheduler":
      rules["use_dynamic_shifting"] = isOff
      rules["algorithm_type"] = .only(["dpmsolver", "dpmsolver++", "sde-dpmsolver", "sde-dpmsolver++", "deis", nil])
      rules["solver_type"] = .only(["midpoint", "heun", "logrho", "bh1", "bh2", nil])
    case "DEISMultistepScheduler":
      rules["use_dynamic_shifting"] = isOff
      rules["algorithm_type"] = .only(["deis", "dpmsolver", "dpmsolver++", nil])
      rules["solver_type"] = .only(["logrho", "bh1", "bh2", nil] + multistepTypes)
    case "DPMSolverSDEScheduler": rules["noise_sampler_seed"] = .only([nil])
    case "DDPMScheduler", "DDPMParallelScheduler":
      rules["variance_type"] = .only([
        "fixed_small", "fixed_small_log", "fixed_large", "fixed_large_log", "learned", "learned_range", nil,
      ])
    case "EDMDPMSolverMultistepScheduler":
      rules["algorithm_type"] = .only(["dpmsolver++", "sde-dpmsolver++", "deis", nil])
      rules["solver_type"] = .only(["midpoint", "heun", "logrho", "bh1", "bh2", nil])
    default: break
    }
    if let kind = SchedulerConfig.kind(ofClass: className) { rules.merge(kind.rules) { _, own in own } }
    return SettingRules(rules)
  }

  /// Solver types that diffusers takes for a class's own.
  private static let multistepTypes: [SettingValue] = ["midpoint", "heun"]

  /// Parameters of diffusers' schedulers that no class read here has, or that mean nothing where the others are
  /// refused: of flow matching and shifting, of consistency models, of training.
  private static let foreign = [
    "base_image_seq_len", "base_shift", "clip_denoised", "corrector_order", "eta", "flow_shift", "max_image_seq_len",
    "max_shift", "noise_sampler_seed", "predictor_order", "s_noise", "snr_shift_scale", "solver_p", "tau_func",
    "time_shift_type", "use_dynamic_shifting", "variance_type",
  ]
}
