// The values in effect: what the file gives, else the class's default.
extension SchedulerConfig {
  var defaults: SchedulerDefaults { SchedulerDefaults(className: className) }

  public var trainSteps: Int {
    get { given.trainSteps ?? given.trainedBetas?.count ?? 1000 }
    set { given.trainSteps = newValue }
  }
  public var betaStart: Double {
    get { given.betaStart ?? defaults.betaStart }
    set { given.betaStart = newValue }
  }
  public var betaEnd: Double {
    get { given.betaEnd ?? defaults.betaEnd }
    set { given.betaEnd = newValue }
  }
  public var betaSchedule: NoiseSchedule.BetaSchedule {
    get { given.betaSchedule ?? defaults.betaSchedule }
    set { given.betaSchedule = newValue }
  }
  public var predictionType: PredictionType {
    get { given.predictionType ?? Self.kind(ofClass: className)?.impliedPrediction ?? .epsilon }
    set { given.predictionType = newValue }
  }
  public var rescaleBetasZeroSNR: Bool {
    get { given.rescaleBetasZeroSNR ?? false }
    set { given.rescaleBetasZeroSNR = newValue }
  }
  public var spacing: Spacing {
    get { given.spacing ?? defaults.spacing }
    set { given.spacing = newValue }
  }
  public var stepsOffset: Int {
    get { given.stepsOffset ?? 0 }
    set { given.stepsOffset = newValue }
  }
  /// Whether the last step of DDIM and PNDM ends without noise; if not, at training timestep 0.
  public var setAlphaToOne: Bool {
    get { given.setAlphaToOne ?? defaults.setAlphaToOne }
    set { given.setAlphaToOne = newValue }
  }
  public var clipSample: Bool {
    get { given.clipSample ?? defaults.clipSample }
    set { given.clipSample = newValue }
  }
  public var clipSampleRange: Float {
    get { given.clipSampleRange ?? 1 }
    set { given.clipSampleRange = newValue }
  }
  /// DDPM's variance of a reverse step: `fixed_small`, the posterior's, or `fixed_large`, β itself.
  public var varianceType: String {
    get { given.varianceType ?? "fixed_small" }
    set { given.varianceType = newValue }
  }
  public var useKarrasSigmas: Bool {
    get { given.useKarrasSigmas ?? false }
    set { given.useKarrasSigmas = newValue }
  }
  /// Form of a DPM-Solver: `dpmsolver`, `dpmsolver++`, `sde-dpmsolver` or `sde-dpmsolver++`.
  public var algorithmType: String {
    get { given.algorithmType ?? "dpmsolver++" }
    set { given.algorithmType = newValue }
  }
  public var solverOrder: Int {
    get { given.solverOrder ?? 2 }
    set { given.solverOrder = newValue }
  }
  public var finalSigmasType: FinalSigma {
    get { given.finalSigmasType ?? .zero }
    set { given.finalSigmasType = newValue }
  }
  public var lowerOrderFinal: Bool {
    get { given.lowerOrderFinal ?? defaults.lowerOrderFinal }
    set { given.lowerOrderFinal = newValue }
  }
  /// Steps of the teacher of a model distilled to few, of which its own are some.
  public var originalInferenceSteps: Int {
    get { given.originalInferenceSteps ?? 50 }
    set { given.originalInferenceSteps = newValue }
  }
  /// What timesteps are multiplied by in a consistency function's boundary (`ConsistencyBoundary`).
  public var timestepScaling: Double {
    get { given.timestepScaling ?? 10 }
    set { given.timestepScaling = newValue }
  }

  /// The same model's configuration for another of diffusers' classes.
  public func adapted(to className: String) -> SchedulerConfig {
    var config = self
    // What the network predicts stays with the model, and its class may be all that says it.
    if Self.kind(ofClass: self.className)?.impliedPrediction != nil { config.predictionType = predictionType }
    config.className = className
    return config
  }
}
