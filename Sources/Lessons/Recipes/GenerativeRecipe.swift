import DataSets
import Foundation
import Training

/// Trains one of the kinds of generative models on points or small pictures, draws what it learnt and measures it, so that
/// the kinds can be compared.
public struct GenerativeRecipe: TrainingRecipe {
  public static let kind = "generative"
  public static let incidental = ["samples", "distance_limit", "likelihood_limit"]

  /// The kinds of models.
  public enum Kind: String, Codable, Sendable, CaseIterable {
    /// Scores on a ladder of levels, sampled by Langevin's steps.
    case score
    /// Scores at all levels, sampled by the probability-flow equation.
    case scoreFlow = "score-flow"
    case vae, flow, gan
  }

  public var name: String
  public var model: Kind
  /// Pictures; nil for points of two moons.
  public var data: DataRecipe?
  /// Side of the pictures.
  public var size: Int?
  /// Deviation of the noise in points.
  public var pointNoise: Float?
  /// Of hidden layers.
  public var width: Int
  /// Hidden layers behind the first.
  public var depth: Int
  /// Numbers that stand for a vector (vae, gan).
  public var latent: Int?
  /// Steps of a flow.
  public var couplings: Int?
  /// Deviation of noise on what the judge of a gan sees.
  public var blur: Float?
  /// Ends of the levels of noise (score, score-flow).
  public var sigmaMax: Double?
  public var sigmaMin: Double?
  /// Levels of the ladder (score).
  public var levels: Int?
  /// Steps on each level, or in all (score, score-flow).
  public var steps: Int?
  /// Size of Langevin's steps in units of the level's variance (score).
  public var stepSize: Double?
  /// Vectors drawn, and held back, for measuring.
  public var samples: Int
  /// Largest energy distance between them.
  public var distanceLimit: Double
  /// The mean log-likelihood of vectors held back, in nats, must be above this; nil where there is none.
  public var likelihoodLimit: Double?
  public var loop: LoopSettings

  enum CodingKeys: String, CodingKey {
    case name, model, data, size, width, depth, latent, couplings, blur, levels, steps, samples, loop
    case pointNoise = "point_noise"
    case sigmaMax = "sigma_max"
    case sigmaMin = "sigma_min"
    case stepSize = "step_size"
    case distanceLimit = "distance_limit"
    case likelihoodLimit = "likelihood_limit"
  }
}

extension GenerativeRecipe {
  /// Which settings a kind has, besides those all have.
  private func isUsed(by kinds: Kind..., given: Bool, _ key: String) -> RecipeProblem.Rule {
    let wanted = kinds.contains(model)
    let reason =
      wanted ? "is missing: a \(model.rawValue) model has it" : "is not a setting of a \(model.rawValue) model"
    return (wanted == given, key, reason)
  }

  public var problem: RecipeProblem? {
    let rules: [RecipeProblem.Rule] = [
      ((data == nil) == (size == nil), "size", "belongs to data of pictures: give both or neither"),
      ((data == nil) == (pointNoise != nil), "point_noise", "is how much noise points have, where there is no data"),
      ((4...64).contains(size ?? 28), "size", "must be 4 to 64"),
      ((0.01...1).contains(pointNoise ?? 0.1), "point_noise", "must be 0.01 to 1"),
      ((1...4096).contains(width), "width", "must be 1 to 4096"),
      ((0...64).contains(depth), "depth", "must be 0 to 64"),
      isUsed(by: .vae, .gan, given: latent != nil, "latent"),
      isUsed(by: .flow, given: couplings != nil, "couplings"),
      isUsed(by: .gan, given: blur != nil, "blur"),
      isUsed(by: .score, .scoreFlow, given: sigmaMax != nil, "sigma_max"),
      isUsed(by: .score, .scoreFlow, given: sigmaMin != nil, "sigma_min"),
      isUsed(by: .score, given: levels != nil, "levels"),
      isUsed(by: .score, .scoreFlow, given: steps != nil, "steps"),
      isUsed(by: .score, given: stepSize != nil, "step_size"),
      ((1...1024).contains(latent ?? 1), "latent", "must be 1 to 1024"),
      ((2...64).contains(couplings ?? 2), "couplings", "must be 2 to 64"),
      ((0...1).contains(blur ?? 0), "blur", "must be 0 to 1"),
      ((sigmaMin ?? 1) > 0, "sigma_min", "must be above 0"),
      (
        (sigmaMax ?? 1000) > (sigmaMin ?? 0) && (sigmaMax ?? 1) <= 1000, "sigma_max",
        "must be above sigma_min, at most 1000"
      ),
      ((2...1000).contains(levels ?? 2), "levels", "must be 2 to 1000"),
      ((1...10_000).contains(steps ?? 1), "steps", "must be 1 to 10000"),
      ((stepSize ?? 1) > 0 && (stepSize ?? 1) <= 2, "step_size", "must be above 0, at most 2"),
      ((64...10_000).contains(samples), "samples", "must be 64 to 10000"),
      (distanceLimit > 0, "distance_limit", "must be above 0"),
      (
        likelihoodLimit == nil || model != .gan && model != .score, "likelihood_limit",
        "needs a model with a likelihood"
      ),
    ]
    return RecipeProblem.first(rules)
  }

  /// Opens what is learnt from.
  func open(note: @escaping (String) -> Void) throws -> VectorData {
    guard let data, let size else { return .moons(TwoMoons(noise: pointNoise ?? 0)) }
    return .pictures(try data.open(note: note), side: size)
  }

  /// A fresh model of vectors of so many numbers.
  func makeModel(_ numbers: Int) -> any GenerativeModel {
    let noise = NoiseLevels(largest: sigmaMax ?? 1, smallest: sigmaMin ?? 1)
    func scores(_ method: ScoreModel.Method) -> ScoreModel {
      ScoreModel(width: numbers, hidden: width, depth: depth, levels: noise, method: method, seed: loop.seed)
    }
    switch model {
    case .score: return scores(.langevin(levels: levels ?? 1, steps: steps ?? 1, step: stepSize ?? 1))
    case .scoreFlow: return scores(.probabilityFlow(steps: steps ?? 1))
    case .vae:
      return VariationalAutoencoder(
        width: numbers, latent: latent ?? 1, hidden: width, depth: depth, seed: loop.seed)
    case .flow:
      return CouplingFlow(width: numbers, couplings: couplings ?? 2, hidden: width, depth: depth, seed: loop.seed)
    case .gan:
      return AdversarialPair(
        width: numbers, latent: latent ?? 1, hidden: width, depth: depth, blur: blur ?? 0, seed: loop.seed)
    }
  }

  /// Trains, or goes on training, measures, draws, and throws if the samples are too far from what was held back.
  public func run(in folder: URL, _ context: RunContext) throws {
    let runFolder = try RunFolder(folder)
    let source = VectorSource(data: try open(note: context.note), heldBack: samples)
    guard source.count > 0 else {
      throw TrainingError.noData(path: data?.path ?? name, reason: "holds no more pictures than `samples` keeps back")
    }
    let made = makeModel(source.data.width)
    let size = made.groups.reduce(0) { $0 + $1.size }
    context.note("\(name): \(size) parameters, vectors of \(source.data.width) numbers")
    let judged = JudgedModel(recipe: self, model: made, source: source, folder: folder)
    let run = try TrainingRun(
      loop, in: runFolder, identity: identity(), source: source, objective: GenerativeObjective(model: made),
      artifact: judged, context)
    let result = try run.tellingCost().run()
    guard result.isFinished, let found = judged.found else { return }
    context.note(found.line)
    if found.distance > distanceLimit {
      throw TrainingError.selfCheck(
        recipe: name, reason: "energy distance \(found.distance) is above \(distanceLimit)")
    }
    if let limit = likelihoodLimit, let likelihood = found.likelihood, likelihood < limit {
      throw TrainingError.selfCheck(recipe: name, reason: "log-likelihood \(likelihood) is below \(limit)")
    }
  }
}
