/// How the noise levels of a run are spaced, as people type it (`--schedule`).
///
/// `leading`, `trailing` and `linspace` are diffusers' spacings of timesteps and go with every sampler that has them;
/// the others follow k-diffusion and AUTOMATIC1111 (modules/sd_schedulers.py) and go with every sampler on the sigma
/// scale.
public enum ScheduleName: String, Codable, Sendable, CaseIterable {
  /// What the model's scheduler configuration says.
  case `default`
  /// Karras et al. 2022, eq. 5, ρ = 7, between the ends of the model's table.
  case karras
  /// Even in ln σ.
  case exponential
  /// Evenly spaced timesteps without the last one, as Stability's generative models take them.
  case sgmUniform = "sgm-uniform"
  /// Every so many entries of the model's table.
  case simple
  /// Quantiles of a beta distribution (Lee et al. 2024), both shapes 0.6.
  case beta
  /// Align your steps (Sabour et al. 2024), the tables for SD 1.x and SDXL.
  case ays
  case trailing, leading, linspace
  /// Evenly spaced timesteps, the last one included, interpolated in ln σ: k-diffusion's own.
  case uniform
  /// Even in a power of ln σ, which at its usual power 1 is `exponential`.
  case polyexponential
  /// Even in arctan σ (Sabour et al. 2024, §3.2).
  case klOptimal = "kl-optimal"
  /// As `uniform`.
  case normal
  /// DDIM's timesteps on the sigma scale; may make one step more or less than asked for.
  case ddim

  /// diffusers' spacing of this name.
  var spacing: SchedulerConfig.Spacing? {
    switch self {
    case .leading: .leading
    case .trailing: .trailing
    case .linspace: .linspace
    default: nil
    }
  }

  /// Whether it is a list of noise levels in k-diffusion's manner.
  var isSigmaList: Bool { self != .default && spacing == nil }

  /// AUTOMATIC1111's name ("Schedule type").
  public var displayName: String {
    switch self {
    case .default: "Automatic"
    case .karras: "Karras"
    case .exponential: "Exponential"
    case .sgmUniform: "SGM Uniform"
    case .simple: "Simple"
    case .beta: "Beta"
    case .ays: "Align Your Steps"
    case .trailing: "Trailing"
    case .leading: "Leading"
    case .linspace: "Linspace"
    case .uniform: "Uniform"
    case .polyexponential: "Polyexponential"
    case .klOptimal: "KL Optimal"
    case .normal: "Normal"
    case .ddim: "DDIM"
    }
  }

  /// Other spellings in use.
  private static let aliases: [String: ScheduleName] = [
    "automatic": .default, "discrete": .uniform, "sgm": .sgmUniform, "alignyoursteps": .ays, "aysxl": .ays,
    "ddimuniform": .ddim, "kl": .klOptimal,
  ]

  /// Parses a name of `--schedule`, or one of AUTOMATIC1111's or ComfyUI's.
  public init(parsing text: String) throws(SamplerError) {
    let key = text.nameKey
    for name in Self.allCases where name.rawValue.nameKey == key || name.displayName.nameKey == key {
      self = name
      return
    }
    guard let known = Self.aliases[key] else {
      throw .unknownName(what: "schedule", name: text, nearest: text.nearest(among: Self.allCases.map(\.rawValue)))
    }
    self = known
  }

  public init?(displayName: String) {
    guard let name = try? ScheduleName(parsing: displayName) else { return nil }
    self = name
  }
}
