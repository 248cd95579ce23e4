extension SchedulerConfig {
  /// Timesteps a model may have been trained on.
  private static let mostSteps = 1_000_000

  /// Why these values are no schedule, or nil.
  var problem: String? {
    if !(1...Self.mostSteps).contains(trainSteps) {
      return "num_train_timesteps is \(trainSteps), not 1 ... \(Self.mostSteps)"
    }
    if let reason = levels.problem ?? betaProblem { return reason }
    if given.solverOrder.map({ !(1...3).contains($0) }) ?? false { return "solver_order must be 1, 2 or 3" }
    if varianceType.hasPrefix("learned") {
      return "variance_type \(varianceType): networks that predict the variance too are not supported"
    }
    if stepsOffset < 0 || stepsOffset >= trainSteps {
      return "steps_offset is \(stepsOffset), not a training timestep"
    }
    if let count = given.originalInferenceSteps, count > trainSteps {
      return "original_inference_steps is \(count), more than num_train_timesteps \(trainSteps)"
    }
    return rangeProblem
  }

  /// Numbers that lie outside what formulas take, by name.
  private var rangeProblem: String? {
    func outside(_ name: String, _ value: Double?, _ range: ClosedRange<Double>) -> String? {
      guard let value, !range.contains(value) else { return nil }
      return "\(name) is \(value), not \(range.lowerBound) ... \(range.upperBound)"
    }
    if let shift = given.shift, !(shift > 0 && shift < 1e4) { return "shift must be above 0, at most 10000" }
    return outside("clip_sample_range", given.clipSampleRange.map(Double.init), 1e-6...1e6)
      ?? outside("dynamic_thresholding_ratio", given.thresholdingRatio, 0...1)
      ?? outside("sample_max_value", given.thresholdingMaximum, 1e-6...1e6)
      ?? outside("sigma_min", given.sigmaMin, 1e-6...1e6) ?? outside("sigma_max", given.sigmaMax, 1e-6...1e6)
      ?? outside("shift_terminal", given.shiftTerminal, 0...0.999)
      ?? outside("timestep_scaling", given.timestepScaling, 1e-6...1e6)
      ?? (given.lambdaMinClipped?.isNaN ?? false ? "lambda_min_clipped must be a number" : nil)
  }

  /// Why the noise variances are none, or nil.
  private var betaProblem: String? {
    if !(betaStart > 0 && betaEnd < 1 && betaStart <= betaEnd) {
      return "beta_start \(betaStart) and beta_end \(betaEnd) must rise within 0 ... 1"
    }
    if let betas = given.trainedBetas, betas.count != trainSteps || !betas.allSatisfy({ $0 > 0 && $0 < 1 }) {
      return "trained_betas must be \(trainSteps) numbers between 0 and 1"
    }
    if rescaleBetasZeroSNR, trainSteps < 2 { return "rescale_betas_zero_snr needs num_train_timesteps of 2 or more" }
    let bars = schedule.alphasCumprod
    let names = given.trainedBetas == nil ? "beta_start \(betaStart) and beta_end \(betaEnd)" : "trained_betas"
    if !(bars[0] < 1) { return "\(names) add no noise at timestep 0 that float32 can hold" }
    for (index, pair) in zip(bars, bars.dropFirst()).enumerated() where !(pair.1 < pair.0) {
      let (step, what) = (index + 1, pair.0 > 1e-30 ? "add no noise" : "leave nothing of the picture")
      return "\(names) with num_train_timesteps \(trainSteps) \(what) at timestep \(step)"
    }
    // Only the very last timestep may be without any signal.
    return bars[bars.count - 1] >= 0 ? nil : "\(names) leave less than nothing of the picture"
  }
}

// MARK: - What goes with what

extension SchedulerConfig {
  /// Whether the network is told `ln σ / 4` and not a training timestep.
  var tellsLogSigma: Bool { edm != nil || given.timestepType == .continuous && predictionType == .velocity }

  /// Whether the network is told another number than a training timestep.
  public var isContinuous: Bool { levels.told(1) != nil }

  /// Whether the class has a noise schedule of the kind read here. Others have formulas of their own, which a sampler
  /// for this kind would get wrong.
  public var isKnown: Bool {
    // Samplers that are not here, on schedules that are.
    let others: Set = ["SASolverScheduler", "RePaintScheduler", "DPMSolverMultistepInverseScheduler"]
    return SamplerName(schedulerClass: className) != nil || others.contains(className)
      || Self.kind(ofClass: className) != nil
  }

  /// The noise schedule a network is trained on.
  /// - Throws: for a model that is not trained on the timesteps of one, which is another kind of training.
  public var trainingSchedule: NoiseSchedule {
    get throws(SamplerError) {
      guard isKnown, !isContinuous else {
        throw .unsupportedSetting(sampler: "training", key: "_class_name", value: className)
      }
      return schedule
    }
  }

  /// Throws for flow levels on a model that is no flow.
  func refuseFlowSigmas(sampler: String) throws(SamplerError) {
    guard given.useFlowSigmas ?? false else { return }
    throw .unsupportedSetting(sampler: sampler, key: "use_flow_sigmas", value: "true")
  }

  /// Throws unless a sampler that counts in training timesteps can run these.
  /// - Parameter timesteps: those at which the clean sample is told from the prediction.
  func checkDiscrete(_ timesteps: [Int], sampler: String) throws(SamplerError) {
    guard !isContinuous else { throw .continuousModel(sampler: sampler) }
    guard predictionType == .epsilon else { return }
    let bars = schedule.alphasCumprod
    if let step = timesteps.first(where: { bars[$0] <= 0 }) { throw .noSignal(sampler: sampler, timestep: step) }
  }
}
