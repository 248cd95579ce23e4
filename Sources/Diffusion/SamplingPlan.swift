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
}

/// The steps of one run of a sampler, made before it starts.
public struct SamplingPlan: Sendable {
  /// Steps asked for, which some methods' formulas need.
  public let steps: Int
  /// The timestep each step starts from, in order; not always whole.
  public let timesteps: [Float]
  /// The level a sample has before each step, in the sampler's own scale, then the level of the result: one more than timesteps.
  public let levels: [NoiseLevel]
  /// What unit noise is multiplied by to be the start of a run from nothing.
  public let initialNoiseScale: Double
  /// Index of the first step that is run; later than 0 for image to image.
  public private(set) var start = 0

  public init(steps: Int, timesteps: [Float], levels: [NoiseLevel], initialNoiseScale: Double = 1) {
    precondition(levels.count == timesteps.count + 1, "a level before each step and one after the last")
    self.steps = steps
    self.timesteps = timesteps
    self.levels = levels
    self.initialNoiseScale = initialNoiseScale
  }

  /// The same plan entered at a later step.
  public func starting(at index: Int) -> SamplingPlan {
    var plan = self
    plan.start = min(max(index, 0), timesteps.count)
    return plan
  }

  /// Indices of the steps that are run.
  public var indices: Range<Int> { start..<timesteps.count }

  /// A plan over whole timesteps of a variance-preserving schedule.
  init(steps: Int, timesteps: [Int], schedule: NoiseSchedule) {
    self.init(
      steps: steps, timesteps: timesteps.map(Float.init),
      levels: timesteps.map { NoiseLevel(bar: Double(schedule.alphasCumprod[$0])) } + [.clean])
  }
}
