import Diffusion
import Foundation
import Images
import Models
import NN
import TensorCore
import Training

/// Trains a denoiser of two moons and finds the few timesteps that are best for sampling with it, beside even ones and
/// Karras's.
public struct LearnedStepsRecipe: TrainingRecipe {
  public static let kind = "learned-steps"
  public static let incidental = ["steps", "measured", "samples", "gain_limit"]

  public var name: String
  public var pointNoise: Float
  public var width: Int
  public var depth: Int
  public var scheduler: SchedulerConfig
  /// Timesteps that are chosen.
  public var steps: Int
  /// Points on which errors are measured, at every timestep.
  public var measured: Int
  /// Points drawn.
  public var samples: Int
  /// How many nats the bound must gain over even steps.
  public var gainLimit: Double
  public var loop: LoopSettings

  enum CodingKeys: String, CodingKey {
    case name, width, depth, scheduler, steps, measured, samples, loop
    case pointNoise = "point_noise"
    case gainLimit = "gain_limit"
  }
}

extension LearnedStepsRecipe {
  public var problem: RecipeProblem? {
    let rules: [RecipeProblem.Rule] = [
      ((0.01...1).contains(pointNoise), "point_noise", "must be 0.01 to 1"),
      ((1...4096).contains(width), "width", "must be 1 to 4096"),
      ((1...64).contains(depth), "depth", "must be 1 to 64"),
      ((3...scheduler.trainSteps).contains(steps), "steps", "must be 3 to \(scheduler.trainSteps)"),
      ((64...100_000).contains(measured), "measured", "must be 64 to 100000"),
      ((64...10_000).contains(samples), "samples", "must be 64 to 10000"),
      (gainLimit >= 0, "gain_limit", "must be 0 or more"),
    ]
    return RecipeProblem.first(rules)
  }

  /// What some timesteps come to.
  private struct Trial {
    let name: String
    let timesteps: [Int]
    /// Of the bound, in nats.
    let cost: Double
    let distance: Double
    let points: [SIMD2<Float>]
  }

  /// Trains, or goes on training, chooses, draws, and throws if the choice is not better than even steps.
  public func run(in folder: URL, _ context: RunContext) throws {
    let runFolder = try RunFolder(folder)
    let store = ParameterStore(RandomInitialization(seed: loop.seed), isTrainable: { _ in true })
    let model = PointsMLP(store.root, dimensions: 2, width: width, depth: depth)
    let prediction = NoisePrediction(try scheduler.trainingSchedule, dtype: .f32)
    let objective = PointsObjective(
      model: model, prediction: prediction, groups: [ParameterGroup("denoiser", store.parameters)])
    context.note("\(name): \(objective.groups[0].size) parameters, points of two moons")
    let source = VectorSource(data: .moons(TwoMoons(noise: pointNoise)), heldBack: samples)
    let trials = StepTrials { try self.trials(model, prediction.schedule, source) }
    let result = try TrainingRun(
      loop, in: runFolder, identity: identity(), source: source, objective: objective,
      artifact: MeasuredAtEnd(folder: folder, trials: trials), context
    ).tellingCost().run()
    guard result.isFinished, let found = trials.found else { return }
    for trial in found.dropLast() { context.note(Self.line(trial)) }
    let (even, learned) = (found[1], found[3])
    context.note(
      "\(name): \(Self.line(learned)); the bound gains \(String(format: "%.2f", even.cost - learned.cost)) on even")
    guard even.cost - learned.cost >= gainLimit else {
      throw TrainingError.selfCheck(
        recipe: name, reason: "the bound gains \(even.cost - learned.cost) nats on even steps, below \(gainLimit)")
    }
  }

  private static func line(_ trial: Trial) -> String {
    let shown = trial.timesteps.count > 20 ? "all" : trial.timesteps.map(String.init).joined(separator: " ")
    return String(
      format: "%@: %.2f nats, energy distance %.4f, timesteps %@", trial.name, trial.cost, trial.distance, shown)
  }

  /// The trials, made once the model has its last weights.
  private final class StepTrials {
    let make: () throws -> [Trial]
    var found: [Trial]?

    init(_ make: @escaping () throws -> [Trial]) { self.make = make }
  }

  private struct MeasuredAtEnd: Artifact {
    let folder: URL
    let trials: StepTrials

    func write(step: Int, isLast: Bool) throws -> [URL] {
      guard isLast else { return [] }
      let found = try trials.make()
      trials.found = found
      let panels = found.map { trial in
        var panel = PlanePlot("\(trial.timesteps.count) steps, \(trial.name)", reach: 2.2)
        panel.dots(trial.points)
        return panel.image()
      }
      let url = folder.appendingPathComponent("samples.png")
      try ImageFile.save(ImageGrid.make(panels, columns: panels.count, padding: 4), to: url, text: [])
      return [url]
    }
  }

  // MARK: - Measuring

  private func trials(_ model: PointsMLP, _ schedule: NoiseSchedule, _ source: VectorSource) throws -> [Trial] {
    let choice = try choice(model, schedule, source)
    let real = try source.heldBackVectors()
    let candidates = [
      ("all", Array((0..<scheduler.trainSteps).reversed())), ("even", choice.even(steps)),
      ("karras", choice.karras(steps)), ("learned", choice.best(steps)),
    ]
    return try candidates.map { name, timesteps in
      let points = try sample(model, schedule, timesteps)
      return Trial(
        name: name, timesteps: timesteps, cost: choice.cost(timesteps), distance: EnergyDistance.between(points, real),
        points: JudgedModel.points(points))
    }
  }

  /// Errors of the clean estimate at every timestep, on points that belong to no run.
  private func choice(_ model: PointsMLP, _ schedule: NoiseSchedule, _ source: VectorSource) throws -> StepChoice {
    var random = (0..<measured).map { ExampleRandom(seed: 17, example: $0, epoch: 0, stream: 4) }
    let clean = try source.batch(random.indices.map { Draw(index: $0, epoch: 0) }, random: &random)
    let bars = schedule.alphasCumprod.map(Double.init)
    let errors = bars.indices.map { t -> Double in
      let noise = random.normal(like: clean.shape)
      let noisy = schedule.addNoise(clean, noise: noise, timesteps: Array(repeating: t, count: measured))
      let found = model(noisy, timesteps: Array(repeating: Float(t), count: measured))
      // x − x̂ = √(1 − ᾱ)/√ᾱ (ε̂ − ε).
      return (found - noise).sumOfSquares / Double(measured) * (1 - bars[t]) / bars[t]
    }
    return StepChoice(ratios: bars.map { $0 / (1 - $0) }, errors: errors)
  }

  /// Ancestral sampling over some timesteps.
  private func sample(_ model: PointsMLP, _ schedule: NoiseSchedule, _ timesteps: [Int]) throws -> Tensor {
    let levels = timesteps.map { NoiseLevel(bar: Double(schedule.alphasCumprod[$0])) }
    let plan = SamplingPlan(
      steps: timesteps.count, timesteps: timesteps.map(Float.init), levels: levels + [.clean])
    var noise = NoiseSource(.torchBatch, seeds: [loop.seed])
    let start = noise.normal([1, samples, 1, 2])
    return try DDPMSampler(scheduler).sample(
      start, plan: plan, noise: &noise,
      predict: { x, t, _ in
        model(x.reshaped([samples, 2]), timesteps: Array(repeating: t, count: samples)).reshaped(x.shape)
      }, onStep: { _ in nil }
    ).reshaped([samples, 2])
  }
}
