import Foundation
import Jobs
import TensorCore

extension TrainingRun {
  /// The same run, which says before its first step what it will cost, from a step that is tried and not learnt from.
  package func tellingCost() -> TrainingRun {
    var run = self
    run.onStart = { done in
      if let line = try costLine(done: done) { context.note(line) }
      return true
    }
    return run
  }

  /// Steps, time on this machine and the size of a state, in one line; nil if no step is left.
  private func costLine(done: Int) throws -> String? {
    guard done < settings.steps else { return nil }
    _ = try secondsOfAStep()
    let step = try secondsOfAStep() * Double(settings.accumulate)
    // Weights and the two moments of the optimiser, in float32, and the averages.
    let numbers = parameters.reduce(0) { $0 + $1.shape.reduce(1, *) }
    let bytes = Double(numbers * 4 * ((settings.optimizer == .lion ? 2 : 3) + settings.averages.count))
    let left = settings.steps - done
    return "\(left) steps of \(settings.batch * settings.accumulate) examples, "
      + "about \(RunForecast.duration(step * Double(left))) here as it is now, pictures on the way not counted; "
      + String(format: "%.1f MB of states; Ctrl-C stops and keeps what is learnt", bytes / 1e6)
  }

  /// Reads a batch and computes its gradients.
  private func secondsOfAStep() throws -> Double {
    var order = source.order(batch: settings.batch, seed: settings.seed)
    let draws = order.batch(0)
    let start = ContinuousClock.now
    var random = draws.map { ExampleRandom(seed: settings.seed, example: $0.index, epoch: $0.epoch) }
    let batch = try source.batch(draws, random: &random)
    _ = try valueAndGradients { try objective.loss(batch, random: &random) }
    return start.duration(to: .now) / .seconds(1)
  }
}
