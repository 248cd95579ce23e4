import Foundation
import TensorCore

/// How a run is driven: length, rates, when to write what. Part of every recipe.
public struct LoopSettings: Sendable, Codable, Equatable {
  public var steps: Int
  /// Examples whose gradients are computed together.
  public var batch: Int
  /// Batches whose gradients make one step.
  public var accumulate: Int
  public var optimizer: OptimizerName
  public var learningRate: Double
  public var warmupSteps: Int
  public var decay: LearningRate.Decay
  public var floor: Double
  /// Of `cosine_with_restarts`; nil for 1.
  public var cycles: Int?
  /// Of `polynomial`; nil for 1.
  public var power: Double?
  public var weightDecay: Float
  public var beta1: Float?
  public var beta2: Float?
  public var maxGradientNorm: Float?
  /// Decay of the weight average; nil for none.
  public var averageDecay: Float?
  /// In its place, averages whose widths are these shares of the run so far, each of which gives a result.
  public var averageLengths: [Double]?
  public var seed: UInt64
  /// Steps between log lines, states, samples and written results; results are always written at the end.
  public var logEvery: Int
  public var saveEvery: Int
  public var sampleEvery: Int
  public var writeEvery: Int?
  /// A state is also written when this much time has passed since the last one.
  public var saveMinutes: Double

  enum CodingKeys: String, CodingKey {
    case steps, batch, accumulate, optimizer, decay, floor, cycles, power, seed, beta1, beta2
    case warmupSteps = "warmup_steps"
    case learningRate = "learning_rate"
    case weightDecay = "weight_decay"
    case maxGradientNorm = "max_gradient_norm"
    case averageDecay = "average_decay"
    case averageLengths = "average_lengths"
    case logEvery = "log_every"
    case saveEvery = "save_every"
    case sampleEvery = "sample_every"
    case writeEvery = "write_every"
    case saveMinutes = "save_minutes"
  }

  /// Keys that decide only what is told and written on the way, not what is learnt.
  static let incidental = ["log_every", "save_every", "sample_every", "write_every", "save_minutes"].map {
    "loop.\($0)"
  }

  public init(steps: Int, batch: Int, learningRate: Double) {
    (self.steps, self.batch, self.learningRate) = (steps, batch, learningRate)
    (accumulate, optimizer, warmupSteps, decay, floor) = (1, .adamW, 0, .constant, 0)
    (weightDecay, beta1, beta2, maxGradientNorm, seed) = (0.01, nil, nil, 1, 0)
    (averageDecay, averageLengths) = (nil, nil)
    (logEvery, saveEvery, sampleEvery, writeEvery, saveMinutes) = (50, 1000, 1000, nil, 15)
  }

  public init(from decoder: any Decoder) throws {
    let c = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      steps: try c.decode(Int.self, forKey: .steps), batch: try c.decode(Int.self, forKey: .batch),
      learningRate: try c.decode(Double.self, forKey: .learningRate))
    accumulate = try c.decodeIfPresent(Int.self, forKey: .accumulate) ?? accumulate
    optimizer = try c.decodeIfPresent(OptimizerName.self, forKey: .optimizer) ?? optimizer
    warmupSteps = try c.decodeIfPresent(Int.self, forKey: .warmupSteps) ?? warmupSteps
    decay = try c.decodeIfPresent(LearningRate.Decay.self, forKey: .decay) ?? decay
    floor = try c.decodeIfPresent(Double.self, forKey: .floor) ?? floor
    cycles = try c.decodeIfPresent(Int.self, forKey: .cycles)
    power = try c.decodeIfPresent(Double.self, forKey: .power)
    weightDecay = try c.decodeIfPresent(Float.self, forKey: .weightDecay) ?? weightDecay
    beta1 = try c.decodeIfPresent(Float.self, forKey: .beta1)
    beta2 = try c.decodeIfPresent(Float.self, forKey: .beta2)
    maxGradientNorm = try c.decodeIfPresent(Float.self, forKey: .maxGradientNorm) ?? maxGradientNorm
    averageDecay = try c.decodeIfPresent(Float.self, forKey: .averageDecay)
    averageLengths = try c.decodeIfPresent([Double].self, forKey: .averageLengths)
    seed = try c.decodeIfPresent(UInt64.self, forKey: .seed) ?? seed
    logEvery = try c.decodeIfPresent(Int.self, forKey: .logEvery) ?? logEvery
    saveEvery = try c.decodeIfPresent(Int.self, forKey: .saveEvery) ?? saveEvery
    sampleEvery = try c.decodeIfPresent(Int.self, forKey: .sampleEvery) ?? sampleEvery
    writeEvery = try c.decodeIfPresent(Int.self, forKey: .writeEvery)
    saveMinutes = try c.decodeIfPresent(Double.self, forKey: .saveMinutes) ?? saveMinutes
  }

  /// The first value that cannot be.
  public var problem: RecipeProblem? {
    let decays = 0..<Float(1)
    let rules: [RecipeProblem.Rule] = [
      ((1...1_000_000_000).contains(steps), "loop.steps", "must be 1 to 1000000000"),
      ((1...65536).contains(batch), "loop.batch", "must be 1 to 65536"),
      ((1...65536).contains(accumulate), "loop.accumulate", "must be 1 to 65536"),
      (learningRate > 0 && learningRate <= 100, "loop.learning_rate", "must be above 0, at most 100"),
      ((0...steps).contains(warmupSteps), "loop.warmup_steps", "must be 0 to steps"),
      ((0...1).contains(floor), "loop.floor", "must be 0 to 1"),
      ((1...1000).contains(cycles ?? 1), "loop.cycles", "must be 1 to 1000"),
      (cycles == nil || decay == .restarts, "loop.cycles", "is of the decay cosine_with_restarts"),
      ((power ?? 1) > 0 && (power ?? 1) <= 100, "loop.power", "must be above 0, at most 100"),
      (power == nil || decay == .polynomial, "loop.power", "is of the decay polynomial"),
      ((0...10).contains(weightDecay), "loop.weight_decay", "must be 0 to 10"),
      (beta1.map(decays.contains) ?? true, "loop.beta1", "must be 0 to 1, below 1"),
      (beta2.map(decays.contains) ?? true, "loop.beta2", "must be 0 to 1, below 1"),
      ((maxGradientNorm ?? 1) > 0 && (maxGradientNorm ?? 1).isFinite, "loop.max_gradient_norm", "must be above 0"),
      (averageDecay.map(decays.contains) ?? true, "loop.average_decay", "must be 0 to 1, below 1"),
      (
        averageLengths.map { (1...8).contains($0.count) && $0.allSatisfy { $0 >= 0.001 && $0 <= 0.25 } } ?? true,
        "loop.average_lengths", "must be 1 to 8 shares of the run, each 0.001 to 0.25"
      ),
      (
        averageDecay == nil || averageLengths == nil, "loop.average_lengths",
        "and average_decay are two ways to say the same: give one of them"
      ),
      (logEvery > 0, "loop.log_every", "must be 1 or more"),
      (saveEvery > 0, "loop.save_every", "must be 1 or more"),
      (sampleEvery > 0, "loop.sample_every", "must be 1 or more"),
      ((writeEvery ?? 1) > 0, "loop.write_every", "must be 1 or more"),
      (saveMinutes > 0 && saveMinutes.isFinite, "loop.save_minutes", "must be above 0"),
    ]
    return RecipeProblem.first(rules)
  }

  /// The averages of the weights that are kept.
  public var averages: [AverageProfile] {
    averageLengths.map { $0.map { .powerFunction(length: $0) } } ?? averageDecay.map { [.exponential(decay: $0)] } ?? []
  }

  public var schedule: LearningRate {
    LearningRate(
      peak: learningRate, warmupSteps: warmupSteps, totalSteps: steps, decay: decay, floor: floor, cycles: cycles ?? 1,
      power: power ?? 1)
  }

  /// - Parameter dtype: the networks' arithmetic.
  public func optimizerSettings(_ dtype: DType = .f32) -> OptimizerSettings {
    var settings = OptimizerSettings()
    settings.name = optimizer
    settings.weightDecay = weightDecay
    (settings.beta1, settings.beta2) = (beta1, beta2)
    settings.maxGradientNorm = maxGradientNorm
    settings.dtype = dtype
    return settings
  }
}
