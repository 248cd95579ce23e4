import Configurations

/// How a network's noise levels are counted, and what follows from that: training timesteps, continuous levels (EDM), the
/// times of a flow.
///
/// All that is known of a way stands in one type of these. A new one is such a type, named in `SchedulerConfig.kinds`; the
/// meaning of its predictions is a case of `PredictionType` and its formulas `Denoised`'s.
protocol LevelKind: Sendable {
  // MARK: - Of diffusers' classes that have no other levels

  /// Those classes, and the sampler each stands for; nil where that sampler is not here.
  static var classes: [String: SamplerName?] { get }
  /// What networks of these classes predict where the file does not say.
  static var impliedPrediction: PredictionType? { get }
  /// What is made of the settings of these classes, over the rules of all.
  static var rules: [String: SettingRules.Rule] { get }

  // MARK: - Of a model

  /// nil for a model of another kind.
  init?(_ config: SchedulerConfig)
  /// Why no network can have these levels, or nil.
  var problem: String? { get }
  /// Puts what any tool needs to read the levels again into settings that are written.
  func write(to settings: inout SchedulerSettings)

  // MARK: - Of a run

  /// What lists of levels are made from.
  /// - Parameter isOriginal: whether levels are the original code's, where they differ from diffusers'.
  func table(isOriginal: Bool) -> SigmaTable
  /// What the network is told for a level in units of the signal; nil for the timestep of the table.
  func told(_ sigma: Double) -> Float?
  /// The levels of a run where no list of them is named; nil for those of diffusers' timesteps.
  func sigmas(_ config: SchedulerConfig, steps: Int, sampler: String) throws(SamplerError) -> SigmaSchedule?
  /// What noise is multiplied by to be the start of a run at a level; nil for what models of timesteps take.
  /// - Parameter isListed: whether the run's levels are a list that was named.
  func startScale(_ sigma: Double, isListed: Bool) -> Double?
  /// The sampler that goes by a name on these levels where no list of them is named; nil for the usual one.
  func sampler(_ name: SamplerName, _ config: SchedulerConfig) -> (any Sampler)?
  /// The sampler to advise where the model's own is not here.
  static var usualSampler: SamplerName { get }
  /// Throws unless a sampler and a schedule go with these levels.
  func check(_ sampler: SamplerName, _ schedule: ScheduleName?) throws(SamplerError)
}

extension LevelKind {
  static var classes: [String: SamplerName?] { [:] }
  static var impliedPrediction: PredictionType? { nil }
  static var rules: [String: SettingRules.Rule] { [:] }
  static var usualSampler: SamplerName { .dpmpp2M }

  var problem: String? { nil }
  func told(_ sigma: Double) -> Float? { nil }
  func sigmas(
    _ config: SchedulerConfig, steps: Int, sampler: String
  ) throws(SamplerError) -> SigmaSchedule? { nil }
  func startScale(_ sigma: Double, isListed: Bool) -> Double? { nil }
  func sampler(_ name: SamplerName, _ config: SchedulerConfig) -> (any Sampler)? { nil }

  /// Throws for schedules that count in timesteps, which continuous levels have not, and for those of other levels.
  /// - Parameter foreign: lists of levels of other models.
  static func checkContinuous(
    _ sampler: SamplerName, _ schedule: ScheduleName?, foreign: [ScheduleName]
  ) throws(SamplerError) {
    guard let schedule, schedule.spacing != nil || foreign.contains(schedule) else { return }
    let supported = sampler.schedules.filter { $0.isSigmaList && !foreign.contains($0) }
    throw .scheduleNotSupported(
      sampler: "\(sampler.rawValue) on a model of continuous noise levels", schedule: schedule.rawValue,
      supported: supported.map(\.rawValue))
  }
}

extension SchedulerConfig {
  /// The ways there are, beside training timesteps.
  static let kinds: [any LevelKind.Type] = [EDMSettings.self, FlowSettings.self]

  /// The one a diffusers class has no other than.
  static func kind(ofClass className: String) -> (any LevelKind.Type)? {
    kinds.first { $0.classes.keys.contains(className) }
  }

  /// How the model's levels are counted.
  var levels: any LevelKind {
    for kind in Self.kinds {
      if let levels = kind.init(self) { return levels }
    }
    return TimestepLevels(self)
  }

  /// The sampler to advise where the model's own is not here.
  public var usualSampler: SamplerName { type(of: levels).usualSampler }
}
