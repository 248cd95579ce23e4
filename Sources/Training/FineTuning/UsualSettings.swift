import Adapters

/// What a fine-tuning run does where nothing is said: the bundled model is small, so it takes larger batches and rates.
public struct UsualSettings: Sendable {
  public let steps, batch, rank: Int
  public let rate: Double
  public let targets: AdapterTargets

  /// - Parameter isBundled: whether the bundled model is taught.
  public init(_ method: FineTuningRecipe.Method, isBundled: Bool) {
    let isWord = method == .embedding
    rate = isWord ? 5e-3 : isBundled ? 2e-3 : 1e-4
    (steps, batch) = isBundled ? (600, 8) : (400, 1)
    (rank, targets) = isBundled ? (16, .all) : (8, .transformer)
  }

  /// How often a run of so many steps writes logs, states and samples.
  public func loop(steps: Int? = nil, batch: Int? = nil, rate: Double? = nil) -> LoopSettings {
    let steps = steps ?? self.steps
    var loop = LoopSettings(steps: steps, batch: batch ?? self.batch, learningRate: rate ?? self.rate)
    loop.logEvery = max(1, min(50, steps / 10))
    loop.saveEvery = max(1, min(100, steps))
    loop.sampleEvery = max(steps, 1)
    return loop
  }
}
