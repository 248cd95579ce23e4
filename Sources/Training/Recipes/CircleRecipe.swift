import Diffusion
import Foundation
import Models
import NN
import TensorCore

/// The smallest diffusion model there is: points on the unit circle, a dense denoiser, DDPM with few steps.
/// It trains in seconds, and it checks itself: samples must lie on the circle.
public struct CircleRecipe: TrainingRecipe {
  public static let kind = "circle"

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

extension CircleRecipe {
  public var problem: RecipeProblem? {
    let rules: [RecipeProblem.Rule] = [
      ((1...4096).contains(width), "width", "must be 1 to 4096"),
      ((1...64).contains(depth), "depth", "must be 1 to 64"),
      ((1...1_000_000).contains(samples), "samples", "must be 1 to 1000000"),
      (meanTolerance > 0, "mean_tolerance", "must be above 0"),
      (deviationLimit > 0, "deviation_limit", "must be above 0"),
    ]
    return RecipeProblem.first(rules)
  }

  /// Radius of the samples a trained model draws.
  public struct Result: Sendable {
    public let meanRadius, radiusDeviation: Double
  }

  /// Trains, draws samples and throws unless they lie on the circle.
  public func run(in folder: URL, _ context: RunContext) throws { try train(in: folder, context) }

  @discardableResult
  public func train(in folder: URL, _ context: RunContext = RunContext()) throws -> Result? {
    let store = ParameterStore(RandomInitialization(seed: loop.seed), isTrainable: { _ in true })
    let model = PointsMLP(store.root, dimensions: 2, width: width, depth: depth)
    let objective = PointsObjective(
      model: model, prediction: NoisePrediction(try scheduler.trainingSchedule, dtype: .f32),
      groups: [ParameterGroup("denoiser", store.parameters)])
    let check = RadiusCheck { try sample(model) }
    let result = try TrainingRun(
      loop, in: RunFolder(folder), identity: identity(), source: CirclePoints(), objective: objective, artifact: check,
      context
    ).run()
    guard result.isFinished, let radius = check.result else { return nil }
    context.note(
      String(format: "mean radius %.4f, standard deviation %.4f", radius.meanRadius, radius.radiusDeviation))
    guard abs(radius.meanRadius - 1) <= meanTolerance, radius.radiusDeviation <= deviationLimit else {
      throw TrainingError.selfCheck(
        recipe: name, reason: "mean radius \(radius.meanRadius), deviation \(radius.radiusDeviation)")
    }
    return radius
  }

  /// Measures samples with the averaged weights.
  private final class RadiusCheck: Artifact {
    let measure: () throws -> Result
    var result: Result?

    init(_ measure: @escaping () throws -> Result) { self.measure = measure }

    func write(step: Int, isLast: Bool) throws -> [URL] {
      if isLast { result = try measure() }
      return []
    }
  }

  /// Draws points by DDPM over every timestep and measures their distance from the centre.
  func sample(_ model: PointsMLP) throws -> Result {
    let sampler = DDPMSampler(scheduler)
    var noise = NoiseSource(.torchBatch, seeds: [loop.seed])
    let start = noise.normal([1, samples, 1, 2])
    let points = try sampler.sample(
      start, plan: sampler.plan(steps: scheduler.trainSteps), noise: &noise,
      predict: { x, t, _ in
        let flat = x.reshaped([samples, 2])
        return model(flat, timesteps: Array(repeating: t, count: samples)).reshaped(x.shape)
      }, onStep: { _ in nil }
    ).floats()
    let radii: [Double] = (0..<samples).map { i in
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
