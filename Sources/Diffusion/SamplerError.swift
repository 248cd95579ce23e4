/// Why a run cannot be planned, or a name not understood.
public enum SamplerError: Error, Equatable, CustomStringConvertible {
  /// No sampler or schedule of this name.
  case unknownName(what: String, name: String, nearest: [String])
  /// The noise schedule means nothing to this sampler.
  case scheduleNotSupported(sampler: String, schedule: String, supported: [String])
  case badSteps(sampler: String, steps: Int, limit: Int)
  /// `steps_offset` moves a step beyond the training timesteps.
  case offsetOutOfRange(steps: Int, offset: Int, trainSteps: Int)
  /// A method that chooses its own steps finds none: predictions are not finite.
  case diverged(sampler: String, sigma: Double)
  /// The model was trained on continuous noise levels, which the sampler does not count in.
  case continuousModel(sampler: String)
  /// Nothing of the picture is left at a timestep, where predicted noise does not tell what the picture is.
  case noSignal(sampler: String, timestep: Int)
  /// Another kind of model needs another kind of sampler.
  case otherKind(sampler: String, model: String, samplers: String)
  /// The scheduler class has formulas of its own.
  case unknownScheduler(className: String)
  /// A key of the scheduler configuration has a value that is not supported.
  case unsupportedSetting(sampler: String, key: String, value: String)

  public var description: String {
    switch self {
    case .unknownName(let what, let name, let nearest):
      "there is no \(what) '\(name)': the nearest are \(nearest.joined(separator: ", "))"
    case .scheduleNotSupported(let sampler, let schedule, let supported):
      "schedule \(schedule) does not go with sampler \(sampler): leave it out, or give "
        + (supported.isEmpty ? "another sampler" : supported.joined(separator: ", "))
    case .badSteps(let sampler, let steps, let limit):
      "\(steps) steps: sampler \(sampler) takes 1 to \(limit)"
    case .offsetOutOfRange(let steps, let offset, let trainSteps):
      "\(steps) steps with steps_offset \(offset) go beyond the model's \(trainSteps) timesteps: give fewer steps"
    case .diverged(let sampler, let sigma):
      "sampler \(sampler) finds no step at noise level \(sigma): the model's predictions are not finite; "
        + "try `precision` f32, or another sampler"
    case .continuousModel(let sampler):
      "sampler \(sampler) counts in training timesteps, and this model was trained on continuous noise levels: choose "
        + "euler, dpmpp-2m or another one that counts in sigma"
    case .noSignal(let sampler, let timestep):
      "sampler \(sampler): the model's noise schedule leaves nothing of the picture at timestep \(timestep) "
        + "(rescale_betas_zero_snr), where predicted noise says nothing about it: give `prediction` v_prediction if the "
        + "model predicts velocities, or `schedule` leading"
    case .otherKind(let sampler, let model, let samplers):
      "sampler \(sampler) is not for this model, \(model): choose \(samplers)"
    case .unknownScheduler(let className):
      "the model's scheduler \(className) has a noise schedule this version does not know, so no sampler is right for it"
    case .unsupportedSetting(let sampler, let key, let value):
      sampler == "training"
        ? "training: \(key) \(value) of the scheduler configuration is not supported"
        : "sampler \(sampler): \(key) \(value) of the scheduler configuration is not supported; choose another sampler"
    }
  }
}
