import Diffusion
import Foundation
import Images
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
    /// The samples themselves, and how the first of them came there.
    let paths: PointPaths
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
    let check = RadiusCheck(folder: folder) { try sample(model) }
    context.note("\(name): \(objective.groups[0].size) parameters, points on a circle")
    let result = try TrainingRun(
      loop, in: RunFolder(folder), identity: identity(), source: CirclePoints(), objective: objective, artifact: check,
      context
    ).tellingCost().run()
    guard result.isFinished, let radius = check.result else { return nil }
    context.note(
      String(
        format: "mean radius %.4f, asked for is 1 within %g; standard deviation %.4f, at most %g is asked for",
        radius.meanRadius, meanTolerance, radius.radiusDeviation, deviationLimit))
    guard abs(radius.meanRadius - 1) <= meanTolerance, radius.radiusDeviation <= deviationLimit else {
      throw TrainingError.selfCheck(
        recipe: name, reason: "mean radius \(radius.meanRadius), deviation \(radius.radiusDeviation)")
    }
    return radius
  }

  /// Measures samples with the averaged weights, and draws them if the program can.
  private final class RadiusCheck: Artifact {
    let folder: URL
    let measure: () throws -> Result
    var result: Result?

    init(folder: URL, _ measure: @escaping () throws -> Result) { (self.folder, self.measure) = (folder, measure) }

    func write(step: Int, isLast: Bool) throws -> [URL] {
      guard isLast else { return [] }
      let result = try measure()
      self.result = result
      guard let picture = PointsDrawing.draw(result.paths) else { return [] }
      let url = folder.appendingPathComponent("samples.png")
      try ImageFile.save(picture, to: url, text: [])
      return [url]
    }
  }

  /// Points whose paths are kept.
  private static let followed = 48

  /// Draws points by DDPM over every timestep and measures their distance from the centre.
  func sample(_ model: PointsMLP) throws -> Result {
    let sampler = DDPMSampler(scheduler)
    var noise = NoiseSource(.torchBatch, seeds: [loop.seed])
    let start = noise.normal([1, samples, 1, 2])
    let count = min(samples, Self.followed)
    var stations = [Self.points(start, count)]
    let points = Self.points(
      try sampler.sample(
        start, plan: sampler.plan(steps: scheduler.trainSteps), noise: &noise,
        predict: { x, t, _ in
          let flat = x.reshaped([samples, 2])
          return model(flat, timesteps: Array(repeating: t, count: samples)).reshaped(x.shape)
        },
        onStep: { step in
          stations.append(Self.points(step.sample, count))
          return nil
        }), samples)
    let paths = PointPaths(points: points, paths: (0..<count).map { point in stations.map { $0[point] } })
    let radii = points.map { (Double($0.x) * Double($0.x) + Double($0.y) * Double($0.y)).squareRoot() }
    let mean = radii.reduce(0, +) / Double(samples)
    let squares = radii.map { ($0 - mean) * ($0 - mean) }
    let variance = squares.reduce(0, +) / Double(samples)
    return Result(meanRadius: mean, radiusDeviation: variance.squareRoot(), paths: paths)
  }

  /// The first points of a tensor of them.
  private static func points(_ x: Tensor, _ count: Int) -> [SIMD2<Float>] {
    let values = x.floats()
    return (0..<count).map { SIMD2(values[2 * $0], values[2 * $0 + 1]) }
  }
}
