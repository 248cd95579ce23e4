import Conditioning
import Diffusion

/// Whether a network that guides and a model go together.
enum GuideFit {
  /// Throws unless a network for samples of one kind and noise schedule can guide a model on another.
  /// - Parameters:
  ///   - index: of the network.
  ///   - own: the schedule the network was trained on.
  ///   - model: what the model is called.
  static func check(
    _ name: String, _ space: SampleSpace, _ own: SchedulerConfig?, guides model: String, of modelSpace: SampleSpace,
    _ scheduler: SchedulerConfig
  ) throws(GenerationError) {
    guard space.matches(modelSpace) else {
      throw .unsupported(
        what: "\(name) was made for other samples than \(model)'s: for \(space.words), and not \(modelSpace.words)")
    }
    guard let own else {
      throw .unsupported(what: "\(name) knows clean samples alone and cannot guide: train it with a scheduler")
    }
    guard let schedule = try? scheduler.trainingSchedule, let theirs = try? own.trainingSchedule else {
      throw .unsupported(
        what:
          "\(model) (\(scheduler.className)) is not trained on the timesteps of a noise schedule, which guidance by "
          + "\(name) needs")
    }
    let bars = (schedule.alphasCumprod, theirs.alphasCumprod)
    guard bars.0.count == bars.1.count, zip(bars.0, bars.1).allSatisfy({ abs($0 - $1) <= 1e-4 }) else {
      throw .unsupported(
        what: "\(name) was trained on another noise schedule than \(model): train it with the settings of \(model)'s "
          + "scheduler_config.json")
    }
  }
}
