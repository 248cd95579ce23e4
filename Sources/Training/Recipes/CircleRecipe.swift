import Diffusion
import Foundation
import Models
import NN
import TensorCore

/// The smallest diffusion model there is: points on the unit circle, a dense denoiser, DDPM with few steps.
/// It trains in seconds, and it checks itself: samples must lie on the circle.
public struct CircleRecipe: Codable, Sendable {
  public var name: String
  public var width: Int
  public var depth: Int
  public var scheduler: SchedulerConfig
  /// Points drawn for the check.
  public var samples: Int
  /// Largest distance of the samples' mean radius from 1.
  public var meanTolerance: Double
  /// Largest standard deviation of the radius.
  public var deviationLimit: Double
  public var loop: LoopSettings

  enum CodingKeys: String, CodingKey {
    case name, width, depth, scheduler, samples, loop
    case meanTolerance = "mean_tolerance"
    case deviationLimit = "deviation_limit"
  }
}

/// A run of the circle recipe.
public struct CircleTrainer {
  /// Radius of the samples a trained model draws.
  public struct Result: Sendable {
    public let meanRadius, radiusDeviation: Double
  }

  public let recipe: CircleRecipe
  public let output: URL
  private let report: (String) -> Void

  public init(_ recipe: CircleRecipe, output: URL, report: @escaping (String) -> Void) {
    self.recipe = recipe
    self.output = output
    self.report = report
  }

  /// Trains, draws samples and throws unless they lie on the circle.
  @discardableResult
  public func run(shouldStop: @escaping () -> Bool = { false }) throws -> Result? {
    let store = ParameterStore(RandomInitialization(seed: recipe.loop.seed), isTrainable: { _ in true })
    let model = DenoiserMLP(store.root, dimensions: 2, width: recipe.width, depth: recipe.depth)
    let schedule = try recipe.scheduler.trainingSchedule
    var state = TrainingState(
      store.parameters, recipe.loop.optimizer, averageDecay: recipe.loop.averageDecay)
    var loop = TrainingLoop(recipe.loop, folder: output, fingerprint: try Fingerprint.of(recipe))
    loop.report = report
    loop.shouldStop = shouldStop
    let batch = recipe.loop.batch
    try loop.run(
      &state,
      loss: { _, random in
        let angles = (0..<batch).map { _ in 2 * Float.pi * random.uniform() }
        let points = Tensor(angles.flatMap { [cosf($0), sinf($0)] }, shape: [batch, 2])
        let timesteps = (0..<batch).map { _ in random.integer(below: schedule.trainSteps) }
        let noise = random.normal([batch, 2])
        let noisy = schedule.addNoise(points, noise: noise, timesteps: timesteps)
        return (model(noisy, timesteps: timesteps.map(Float.init)) - noise).squared.mean()
      })
    guard state.step == recipe.loop.steps else { return nil }
    let draw = { try sample(model) }
    let result = try state.average?.withAverage(store.parameters, draw) ?? draw()
    report(
      String(
        format: "mean radius %.4f, standard deviation %.4f", result.meanRadius,
        result.radiusDeviation))
    guard abs(result.meanRadius - 1) <= recipe.meanTolerance,
      result.radiusDeviation <= recipe.deviationLimit
    else {
      throw TrainingError.selfCheck(
        recipe: recipe.name,
        reason: "mean radius \(result.meanRadius), deviation \(result.radiusDeviation)")
    }
    return result
  }

  /// Draws points by DDPM over every timestep and measures their distance from the centre.
  func sample(_ model: DenoiserMLP) throws -> Result {
    let sampler = DDPMSampler(recipe.scheduler)
    var noise = NoiseSource(.torchBatch, seeds: [recipe.loop.seed])
    let start = noise.normal([1, recipe.samples, 1, 2])
    let points = try sampler.sample(
      start, plan: sampler.plan(steps: recipe.scheduler.trainSteps), noise: &noise,
      predict: { x, t, _ in
        let flat = x.reshaped([recipe.samples, 2])
        return model(flat, timesteps: Array(repeating: t, count: recipe.samples)).reshaped(x.shape)
      }, onStep: { _ in nil }
    ).floats()
    let radii: [Double] = (0..<recipe.samples).map { i in
      let (x, y) = (Double(points[2 * i]), Double(points[2 * i + 1]))
      return (x * x + y * y).squareRoot()
    }
    let count = Double(radii.count)
    let mean = radii.reduce(0, +) / count
    let squares = radii.map { ($0 - mean) * ($0 - mean) }
    let variance = squares.reduce(0, +) / count
    return Result(meanRadius: mean, radiusDeviation: variance.squareRoot())
  }
}
