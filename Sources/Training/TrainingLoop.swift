import Foundation
import NN
import TensorCore

/// How a run is driven: length, rates, when to write what. Part of every recipe.
public struct LoopSettings: Sendable, Codable, Equatable {
  public var steps: Int
  public var batch: Int
  public var learningRate: Double
  public var warmupSteps: Int
  public var decay: LearningRate.Decay
  public var floor: Double
  public var weightDecay: Float
  public var beta2: Float
  public var maxGradientNorm: Float?
  /// Decay of the weight average; nil for none.
  public var averageDecay: Float?
  public var seed: UInt64
  /// Steps between log lines, states and samples.
  public var logEvery: Int
  public var saveEvery: Int
  public var sampleEvery: Int

  enum CodingKeys: String, CodingKey {
    case steps, batch
    case warmupSteps = "warmup_steps"
    case learningRate = "learning_rate"
    case decay, floor
    case weightDecay = "weight_decay"
    case beta2
    case maxGradientNorm = "max_gradient_norm"
    case averageDecay = "average_decay"
    case seed
    case logEvery = "log_every"
    case saveEvery = "save_every"
    case sampleEvery = "sample_every"
  }

  public init(from decoder: any Decoder) throws {
    let c = try decoder.container(keyedBy: CodingKeys.self)
    steps = try c.decode(Int.self, forKey: .steps)
    batch = try c.decode(Int.self, forKey: .batch)
    learningRate = try c.decode(Double.self, forKey: .learningRate)
    warmupSteps = try c.decodeIfPresent(Int.self, forKey: .warmupSteps) ?? 0
    decay = try c.decodeIfPresent(LearningRate.Decay.self, forKey: .decay) ?? .constant
    floor = try c.decodeIfPresent(Double.self, forKey: .floor) ?? 0
    weightDecay = try c.decodeIfPresent(Float.self, forKey: .weightDecay) ?? 0.01
    beta2 = try c.decodeIfPresent(Float.self, forKey: .beta2) ?? 0.999
    maxGradientNorm = try c.decodeIfPresent(Float.self, forKey: .maxGradientNorm) ?? 1
    averageDecay = try c.decodeIfPresent(Float.self, forKey: .averageDecay)
    seed = try c.decodeIfPresent(UInt64.self, forKey: .seed) ?? 0
    logEvery = try c.decodeIfPresent(Int.self, forKey: .logEvery) ?? 50
    saveEvery = try c.decodeIfPresent(Int.self, forKey: .saveEvery) ?? 1000
    sampleEvery = try c.decodeIfPresent(Int.self, forKey: .sampleEvery) ?? 1000
    let positive = [steps, batch, logEvery, saveEvery, sampleEvery]
    guard positive.allSatisfy({ $0 > 0 }), learningRate > 0, warmupSteps >= 0 else {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: c.codingPath,
          debugDescription: "steps, batch, learning_rate and the intervals must be positive"))
    }
  }

  public var schedule: LearningRate {
    LearningRate(
      peak: learningRate, warmupSteps: warmupSteps, totalSteps: steps, decay: decay, floor: floor)
  }

  public var optimizer: AdamW.Settings {
    var settings = AdamW.Settings()
    settings.weightDecay = weightDecay
    settings.beta2 = beta2
    settings.maxGradientNorm = maxGradientNorm
    return settings
  }
}

/// Drives one training run: steps, log, states, samples; resumes where a run folder left off.
public struct TrainingLoop {
  public let settings: LoopSettings
  /// Where the run keeps its log, states and samples.
  public let folder: URL
  /// Text that identifies the recipe; a state made by another is refused.
  public let fingerprint: String
  /// Prints progress lines.
  public var report: (String) -> Void = { _ in }
  /// Asked after each step; true ends the run with its state saved.
  public var shouldStop: () -> Bool = { false }

  public init(_ settings: LoopSettings, folder: URL, fingerprint: String) {
    self.settings = settings
    self.folder = folder
    self.fingerprint = fingerprint
  }

  /// The file a run resumes from.
  public var stateURL: URL { folder.appendingPathComponent("state.safetensors") }

  /// Runs until the recipe's last step.
  /// - Parameters:
  ///   - loss: the scalar loss of a step, computed from the parameters; the random numbers belong to the step.
  ///   - sample: called at intervals and at the end, with the averaged weights in place.
  /// - Returns: the mean loss of each log interval.
  @discardableResult
  public func run(
    _ state: inout TrainingState, loss: (_ step: Int, _ random: inout StepRandom) throws -> Tensor,
    sample: (_ step: Int) throws -> Void = { _ in }
  ) throws -> [Double] {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    if FileManager.default.fileExists(atPath: stateURL.path) {
      try state.restore(from: stateURL, fingerprint: fingerprint)
      report("resumed at step \(state.step) from \(stateURL.path)")
    }
    let log = try TrainingLog(folder.appendingPathComponent("log.jsonl"), keepingThrough: state.step)
    let schedule = settings.schedule
    var means: [Double] = []
    var (sum, count, started) = (0.0, 0, Date())
    while state.step < settings.steps {
      let step = state.step
      var random = StepRandom(seed: settings.seed, step: step)
      let (value, gradients) = try valueAndGradients { try loss(step, &random) }
      let number = Double(value.scalar)
      guard number.isFinite else {
        throw TrainingError.nonFinite(step: step, tensor: "the loss", lastGood: lastGood)
      }
      let norm = state.optimizer.gradientNorm(gradients)
      guard norm.isFinite else {
        let culprit = state.parameters.first { gradients[$0]?.firstNonFinite != nil }
        throw TrainingError.nonFinite(
          step: step, tensor: "the gradient of \(culprit?.name ?? "a parameter")", lastGood: lastGood)
      }
      let rate = schedule.rate(at: step)
      state.optimizer.step(gradients, norm: norm, learningRate: Float(rate))
      state.step += 1
      state.average?.update(state.parameters, step: state.step)
      (sum, count) = (sum + number, count + 1)
      let isLast = state.step == settings.steps
      if state.step % settings.logEvery == 0 || isLast {
        let seconds = max(Date().timeIntervalSince(started), 1e-9)
        let entry = TrainingLog.Entry(
          step: state.step, loss: sum / Double(count), gradientNorm: norm, learningRate: rate,
          samplesPerSecond: Double(count * settings.batch) / seconds,
          secondsLeft: seconds / Double(count) * Double(settings.steps - state.step))
        try log.append(entry)
        report(entry.line(of: settings.steps))
        means.append(entry.loss)
        (sum, count, started) = (0, 0, Date())
      }
      let stopping = shouldStop()
      if state.step % settings.saveEvery == 0 || isLast || stopping {
        try state.save(to: stateURL, fingerprint: fingerprint)
      }
      if state.step % settings.sampleEvery == 0 || isLast {
        if let average = state.average {
          try average.withAverage(state.parameters) { try sample(state.step) }
        } else {
          try sample(state.step)
        }
        started = count == 0 ? Date() : started
      }
      if stopping {
        report("stopped after step \(state.step); run again to go on")
        break
      }
    }
    return means
  }

  private var lastGood: String {
    FileManager.default.fileExists(atPath: stateURL.path) ? stateURL.path : "none yet"
  }
}
