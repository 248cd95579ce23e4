import Checkpoints
import Diffusion
import Foundation
import Generation
import Models
import NN

/// What recipes of networks on pixels that are told classes have in common: their settings, what may be in them, and the run.
protocol ClassRecipe: TrainingRecipe {
  var data: DataRecipe { get }
  /// What captions say: each is a class, or names one.
  var classes: [String] { get }
  /// How often the network is told no class.
  var classDropout: Float { get }
  /// Whether half of the pictures are mirrored.
  var mirror: Bool { get }
  var scheduler: SchedulerConfig { get }
  var precision: Precision { get }
  var samplesPerClass: Int { get }
  var sampleSteps: Int { get }
  var sampleGuidance: Float { get }
  /// The mean loss of the last log interval must be below this.
  var lossLimit: Double { get }
}

extension ClassRecipe {
  /// What must hold of the settings, in the order in which it is said, and `rules` of the recipe's own after that.
  func classProblem(_ rules: [RecipeProblem.Rule]) -> RecipeProblem? {
    let common: [RecipeProblem.Rule] = [
      (classDropout > 0 && classDropout < 1, "class_dropout", "must be above 0 and below 1"),
      ((1...100).contains(samplesPerClass), "samples_per_class", "must be 1 to 100"),
      ((1...scheduler.trainSteps).contains(sampleSteps), "sample_steps", "must be 1 to \(scheduler.trainSteps)"),
      ((0...100).contains(sampleGuidance), "sample_guidance", "must be 0 to 100"),
    ]
    return CaptionClasses.problem(classes) ?? RecipeProblem.first(common + rules)
  }

  /// Trains, or goes on training, writes the model and samples, and throws if the loss stayed high.
  /// - Parameters:
  ///   - part: the network's folder, and the name of its parameters' group.
  ///   - side: of the pictures, in pixels.
  ///   - times: how times are drawn; nil for evenly.
  ///   - sampler: what samples are drawn with.
  ///   - network: makes the network.
  func train(
    _ part: ModelPart, side: Int, times: TimestepSampling?, sampler: SamplerName, in folder: URL,
    _ context: RunContext, network: (ParameterPath) -> any DenoisingNetwork
  ) throws {
    let runFolder = try RunFolder(folder)
    let pictures = CaptionedSamples(
      content: .pixels(try data.open(note: context.note), size: side, mirrors: mirror), heldBack: 0)
    let store = ParameterStore(RandomInitialization(seed: loop.seed), isTrainable: { _ in true })
    let model = network(store.root)
    let objective = ClassObjective(
      model: model, classes: CaptionClasses(classes), dropout: classDropout,
      loss: try scheduler.denoisingLoss(times: times, dtype: precision.dtype),
      groups: [ParameterGroup(part.rawValue, store.parameters)])
    context.note(
      "\(name): \(objective.groups[0].size) parameters, \(pictures.count) pictures of \(classes.count) classes")
    let wanted = (0..<(samplesPerClass * classes.count)).map { $0 % classes.count }
    let drawn = PixelModel(
      network: model, part: part, parameters: store.parameters, scheduler: scheduler, precision: precision,
      classes: objective.classes.names, folder: folder, columns: classes.count
    ) { images in
      try images.generate(
        seeds: wanted.indices.map(UInt64.init), steps: sampleSteps, sampler: sampler,
        wish: ClassWish(wanted, guidance: Guidance(scale: sampleGuidance)))
    }
    let result = try TrainingRun(
      loop, in: runFolder, identity: identity(), source: pictures, objective: objective, artifact: drawn,
      optimizer: loop.optimizerSettings(precision.dtype), context
    ).tellingCost().run()
    try checkLoss(result, below: lossLimit, context)
  }
}

extension TrainingRecipe {
  /// Says what the mean loss of a finished run's last log interval is, and throws if it is above a limit.
  /// - Parameter published: what others report of the same training, said beside it.
  func checkLoss(_ result: RunResult, below limit: Double, published: String? = nil, _ context: RunContext) throws {
    guard result.isFinished, let last = result.meanLosses.last else { return }
    guard last <= limit else { throw TrainingError.selfCheck(recipe: name, reason: "loss \(last) is above \(limit)") }
    let comparison = published.map { "; published: \($0)" } ?? ""
    context.note(
      "\(name): loss \(String(format: "%.5f", last)) over the last \(loop.logEvery) steps, at most \(limit) is asked for"
        + comparison)
  }
}
