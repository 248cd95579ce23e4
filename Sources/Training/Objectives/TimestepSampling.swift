import Foundation

/// How training draws its timesteps.
public struct TimestepSampling: Codable, Sendable, Equatable {
  /// The distribution of `t / T`.
  public enum Kind: String, Codable, Sendable {
    case uniform
    /// The logistic function of a normal variable (Esser et al. 2024, §3.1): more of the middle, where shapes are decided.
    case logitNormal = "logit-normal"
  }

  public var kind: Kind
  /// Of the normal variable; a larger mean means more noise.
  public var mean: Double
  public var deviation: Double

  public init(_ kind: Kind = .uniform, mean: Double = 0, deviation: Double = 1) {
    self.kind = kind
    self.mean = mean
    self.deviation = deviation
  }

  public init(from decoder: any Decoder) throws {
    let c = try decoder.container(keyedBy: CodingKeys.self)
    kind = try c.decode(Kind.self, forKey: .kind)
    mean = try c.decodeIfPresent(Double.self, forKey: .mean) ?? 0
    deviation = try c.decodeIfPresent(Double.self, forKey: .deviation) ?? 1
    for (key, value) in [(CodingKeys.mean, mean), (.deviation, deviation)] where !(abs(value) <= 100) {
      throw DecodingError.dataCorruptedError(
        forKey: key, in: c, debugDescription: "\(value) must be -100 to 100")
    }
  }

  /// What is wrong with the settings.
  package var problem: RecipeProblem? {
    let rules: [RecipeProblem.Rule] = [
      (mean.isFinite && abs(mean) <= 100, "timestep_sampling.mean", "must be -100 to 100"),
      (deviation >= 0 && deviation <= 100, "timestep_sampling.deviation", "must be 0 to 100"),
    ]
    return RecipeProblem.first(rules)
  }

  /// A timestep in `0..<count`.
  func draw(_ random: inout ExampleRandom, count: Int) -> Int {
    guard kind == .logitNormal else { return random.integer(below: count) }
    let z = mean + deviation * Double(random.normal([1]).scalar)
    return min(Int(Double(count) / (1 + exp(-z))), count - 1)
  }
}
