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
        + "try --precision f32, or another sampler"
    case .unsupportedSetting(let sampler, let key, let value):
      "sampler \(sampler): \(key) \(value) of the scheduler configuration is not supported; choose another sampler"
    }
  }
}
