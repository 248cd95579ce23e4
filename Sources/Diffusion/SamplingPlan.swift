/// How much signal and how much noise a sample holds: `x = signal · clean + noise · ε`.
public struct NoiseLevel: Sendable, Equatable {
  public let signal, noise: Double

  public init(signal: Double, noise: Double) {
    self.signal = signal
    self.noise = noise
  }

  /// A finished sample.
  public static let clean = NoiseLevel(signal: 1, noise: 0)

  /// The variance-preserving level of a signal share ᾱ.
  public init(bar: Double) {
    self.init(signal: bar.squareRoot(), noise: (1 - bar).squareRoot())
  }

  /// The variance-preserving level of noise `sigma` in units of the signal.
  init(preservingSigma sigma: Double) {
    let signal = 1 / (sigma * sigma + 1).squareRoot()
    self.init(signal: signal, noise: sigma * signal)
  }
}

/// The steps of one run of a sampler, made before it starts.
public struct SamplingPlan: Sendable {
  /// Steps asked for, which some methods' formulas need.
  public let steps: Int
  /// The timestep each step starts from, in order; not always whole. Methods that evaluate the network twice in a step
  /// have an entry for each evaluation, as in diffusers.
  public let timesteps: [Float]
  /// The level a sample has before each step, in the sampler's own scale, then the level of the result: one more than
  /// timesteps.
  public let levels: [NoiseLevel]
  /// Noise in units of the signal before each step and at the end, rounded to float32 as diffusers stores it; empty for
  /// methods that count in ᾱ.
  public let sigmas: [Double]
  /// What unit noise is multiplied by to be the start of a run from nothing.
  public let initialNoiseScale: Double
  /// Entries of `timesteps` for each step asked for; the first step may have one less.
  public let order: Int
  /// Index of the first entry that is run; later than 0 for image to image.
  public private(set) var start = 0
  /// The plan entered at a later one of the steps, for methods whose steps depend on where they begin.
  var later: (@Sendable (_ step: Int) -> SamplingPlan)?

  public init(
    steps: Int, timesteps: [Float], levels: [NoiseLevel], sigmas: [Double] = [], initialNoiseScale: Double = 1,
    order: Int = 1
  ) {
    precondition(levels.count == timesteps.count + 1, "a level before each step and one after the last")
    self.steps = steps
    self.timesteps = timesteps
    self.levels = levels
    self.sigmas = sigmas
    self.initialNoiseScale = initialNoiseScale
    self.order = order
  }

  /// The same plan entered at a later one of the steps asked for.
  /// - Parameter step: from 0; `steps` leaves nothing to run.
  public func starting(at step: Int) -> SamplingPlan {
    if let later, (1..<steps).contains(step) { return later(step) }
    var plan = self
    plan.start = step >= steps ? timesteps.count : min(max(step, 0) * order, timesteps.count)
    return plan
  }

  /// The plan of image to image: the last `strength` of the steps, counted as diffusers' `get_timesteps` does.
  /// - Parameter strength: 0 (nothing is run) to 1 (everything is).
  public func starting(strength: Double) -> SamplingPlan {
    let run = min(Int(Double(steps) * strength), steps)
    return starting(at: steps - run)
  }

  /// Indices of the entries that are run.
  public var indices: Range<Int> { start..<timesteps.count }

  /// A plan over whole timesteps of a variance-preserving schedule.
  init(steps: Int, timesteps: [Int], schedule: NoiseSchedule) {
    self.init(
      steps: steps, timesteps: timesteps.map(Float.init),
      levels: timesteps.map { NoiseLevel(bar: Double(schedule.alphasCumprod[$0])) } + [.clean])
  }
}
