/// The keys of diffusers' `scheduler_config.json` that are understood; nil where a file leaves one to its class.
struct SchedulerSettings: Codable, Sendable, Equatable {
  var trainSteps: Int?
  var betaStart, betaEnd: Double?
  var betaSchedule: NoiseSchedule.BetaSchedule?
  var trainedBetas: [Float]?
  var predictionType: PredictionType?
  var rescaleBetasZeroSNR: Bool?
  var spacing: SchedulerConfig.Spacing?
  var stepsOffset: Int?
  var timestepType: SchedulerConfig.TimestepType?

  var setAlphaToOne: Bool?
  var varianceType: String?
  var skipPRKSteps: Bool?
  var originalInferenceSteps: Int?
  var timestepScaling: Double?

  var clipSample: Bool?
  var clipSampleRange: Float?
  var thresholding: Bool?
  var thresholdingRatio, thresholdingMaximum: Double?

  var useKarrasSigmas, useExponentialSigmas, useBetaSigmas, useLuLambdas, useFlowSigmas: Bool?
  var interpolationType: SchedulerConfig.Interpolation?
  var finalSigmasType: SchedulerConfig.FinalSigma?
  var sigmaMin, sigmaMax: Double?
  var lambdaMinClipped: Double?

  var algorithmType, solverType: String?
  var solverOrder: Int?
  var lowerOrderFinal, eulerAtFinal, predictX0: Bool?
  var disableCorrector: [Int]?

  var shift, shiftTerminal: Double?
  var useDynamicShifting, invertSigmas, stochasticSampling: Bool?

  var sigmaData, rho: Double?
  var sigmaSchedule: String?

  enum CodingKeys: String, CodingKey, CaseIterable {
    case trainSteps = "num_train_timesteps"
    case betaStart = "beta_start"
    case betaEnd = "beta_end"
    case betaSchedule = "beta_schedule"
    case trainedBetas = "trained_betas"
    case predictionType = "prediction_type"
    case rescaleBetasZeroSNR = "rescale_betas_zero_snr"
    case spacing = "timestep_spacing"
    case stepsOffset = "steps_offset"
    case timestepType = "timestep_type"
    case setAlphaToOne = "set_alpha_to_one"
    case varianceType = "variance_type"
    case skipPRKSteps = "skip_prk_steps"
    case originalInferenceSteps = "original_inference_steps"
    case timestepScaling = "timestep_scaling"
    case clipSample = "clip_sample"
    case clipSampleRange = "clip_sample_range"
    case thresholding
    case thresholdingRatio = "dynamic_thresholding_ratio"
    case thresholdingMaximum = "sample_max_value"
    case useKarrasSigmas = "use_karras_sigmas"
    case useExponentialSigmas = "use_exponential_sigmas"
    case useBetaSigmas = "use_beta_sigmas"
    case useLuLambdas = "use_lu_lambdas"
    case useFlowSigmas = "use_flow_sigmas"
    case interpolationType = "interpolation_type"
    case finalSigmasType = "final_sigmas_type"
    case sigmaMin = "sigma_min"
    case sigmaMax = "sigma_max"
    case lambdaMinClipped = "lambda_min_clipped"
    case algorithmType = "algorithm_type"
    case solverType = "solver_type"
    case solverOrder = "solver_order"
    case lowerOrderFinal = "lower_order_final"
    case eulerAtFinal = "euler_at_final"
    case predictX0 = "predict_x0"
    case disableCorrector = "disable_corrector"
    case shift
    case shiftTerminal = "shift_terminal"
    case useDynamicShifting = "use_dynamic_shifting"
    case invertSigmas = "invert_sigmas"
    case stochasticSampling = "stochastic_sampling"
    case sigmaData = "sigma_data"
    case rho
    case sigmaSchedule = "sigma_schedule"
  }
}

/// What a diffusers class assumes for a key its file does not have.
struct SchedulerDefaults {
  var betaStart = 0.0001
  var betaEnd = 0.02
  var betaSchedule = NoiseSchedule.BetaSchedule.linear
  var spacing = SchedulerConfig.Spacing.linspace
  var setAlphaToOne = true
  var clipSample = false
  var skipPRKSteps = true
  var lowerOrderFinal = true

  init(className: String) {
    switch className {
    case "DDIMScheduler", "DDIMInverseScheduler", "DDPMScheduler", "DDIMParallelScheduler", "DDPMParallelScheduler":
      spacing = .leading
      clipSample = true
    case "PNDMScheduler":
      spacing = .leading
      setAlphaToOne = false
      skipPRKSteps = false
    case "LCMScheduler", "TCDScheduler":
      spacing = .leading
      (betaStart, betaEnd, betaSchedule) = (0.00085, 0.012, .scaledLinear)
    case "HeunDiscreteScheduler", "KDPM2DiscreteScheduler", "KDPM2AncestralDiscreteScheduler", "DPMSolverSDEScheduler":
      (betaStart, betaEnd) = (0.00085, 0.012)
    case "DPMSolverSinglestepScheduler":
      lowerOrderFinal = false
    default: break
    }
  }
}
