import Checkpoints
import Conditioning
import Diffusion
import Foundation
import Generation
import ModelFiles
import Models
import NN
import TensorCore
import Training

/// Teaches a text-to-image model to fill holes in pictures with what words say: it reads a mask and what the mask leaves of the
/// picture as further channels (GLIDE, Nichol et al. 2021, §3.3; on latents, as Rombach et al. 2022, §4.5).
///
/// The channels' weights start at zero, so that at first the model is the one it was.
public struct InpaintingRecipe: TrainingRecipe {
  public static let kind = "inpainting"
  public static let incidental = [
    "cache", "start_from", "measure_every", "sample_steps", "sample_guidance", "judge", "context_limit",
  ]

  public var name: String
  /// The model that learns: a diffusers folder or a pipeline's name; nil for the bundled model.
  public var startFrom: String?
  public var data: DataRecipe
  /// Where latents are kept between runs.
  public var cache: String
  public var masks: TrainingMasks
  /// Pictures at the end of the data that are not learnt from.
  public var heldBack: Int
  public var precision: Precision
  /// How timesteps are drawn; evenly if not given.
  public var timestepSampling: TimestepSampling?
  /// How often a caption is replaced by the empty one, which makes guidance possible (Ho & Salimans 2022).
  public var captionDropout: Float
  /// The learning rate of the first layer, whose weights of the new channels start at zero, as a multiple of the run's; 1 if not
  /// given.
  public var inputRate: Double?
  /// Steps between measurements of the loss on pictures held back.
  public var measureEvery: Int
  public var sampleSteps: Int
  public var sampleGuidance: Float
  /// Judges what the filled holes show; nil for data of which nobody knows that.
  public var judge: JudgeSettings?
  /// The loss on pictures held back must in the end be less than this share of the loss where the network is shown none of the
  /// picture.
  public var contextLimit: Double
  public var loop: LoopSettings

  enum CodingKeys: String, CodingKey {
    case name, data, cache, masks, precision, judge, loop
    case startFrom = "start_from"
    case heldBack = "held_back"
    case timestepSampling = "timestep_sampling"
    case captionDropout = "caption_dropout"
    case inputRate = "input_rate"
    case measureEvery = "measure_every"
    case sampleSteps = "sample_steps"
    case sampleGuidance = "sample_guidance"
    case contextLimit = "context_limit"
  }
}

extension InpaintingRecipe {
  public var problem: RecipeProblem? {
    let rules: [RecipeProblem.Rule] = [
      ((1...100_000).contains(heldBack), "held_back", "must be 1 to 100000"),
      (data.count.map { heldBack < $0 } ?? true, "held_back", "must be less than data.count"),
      ((0...1).contains(captionDropout), "caption_dropout", "must be 0 to 1"),
      ((0.01...100).contains(inputRate ?? 1), "input_rate", "must be 0.01 to 100"),
      (
        measureEvery > 0 && measureEvery % max(loop.logEvery, 1) == 0, "measure_every",
        "must be a multiple of loop.log_every \(loop.logEvery)"
      ),
      ((1...1000).contains(sampleSteps), "sample_steps", "must be 1 to 1000"),
      (sampleGuidance >= 0 && sampleGuidance.isFinite, "sample_guidance", "must not be negative"),
      (
        contextLimit > 0 && contextLimit.isFinite, "context_limit",
        "must be above 0; 1 is where the picture helps nothing"
      ),
    ]
    return data.problem ?? PrecisionProblem.of(precision) ?? masks.problem ?? timestepSampling?.problem
      ?? RecipeProblem.first(rules) ?? judge?.problem(heldBack: heldBack, data: data)
  }

  /// Trains, or goes on training, fills holes, writes `model/`, and throws if the model makes nothing of what it is shown.
  public func run(in folder: URL, _ context: RunContext) throws {
    let runFolder = try RunFolder(folder)
    let base = try LearningModel(startFrom)
    let size = base.components.defaultSize
    let pictures = EncodedPictures(
      data: data, size: size, autoencoder: base.folder.appendingPathComponent("vae").path, cache: cache,
      precision: precision, masks: masks)
    guard let latents = try pictures.open(try pictures.loadAutoencoder(), context) else { return }
    guard latents.count > heldBack else {
      throw TrainingError.noData(
        path: "held_back", reason: "\(heldBack) of \(latents.count) pictures leave none to learn")
    }
    let channels = base.components.autoencoder.latentChannels
    let learner = try base.unet(
      inputs: LatentContext.inpaintingChannels(latent: channels), isTrainable: true)
    let texts = try TextRows(base.components.text)
    var prediction = NoisePrediction(try base.components.scheduler.trainingSchedule, dtype: precision.dtype)
    prediction.timesteps = timestepSampling ?? TimestepSampling()
    let isInput = { (parameter: Parameter) in parameter.name == WidenedInput.firstWeight }
    let objective = LatentObjective(
      network: learner.network, texts: texts, prediction: prediction,
      groups: [
        ParameterGroup("unet", learner.parameters.filter { !isInput($0) }),
        ParameterGroup("input", learner.parameters.filter(isInput), rateFactor: inputRate ?? 1),
      ])
    let source = CachedLatents(
      latents, texts: texts, captionDropout: captionDropout, channels: channels, heldBack: heldBack)
    context.note(
      "\(name): \(objective.groups.reduce(0) { $0 + $1.size }) parameters, \(source.count) pictures of \(size) pixels, \(heldBack) held back"
    )
    let trained = TrainedInpainting(
      recipe: self, base: base, learner: learner, latents: latents, source: source, objective: objective,
      folder: folder, note: context.note)
    let identity = try identity(facts: ["model": base.hash])
    let result = try TrainingRun(
      loop, in: runFolder, identity: identity, source: source, objective: objective, artifact: trained,
      optimizer: loop.optimizerSettings(precision.dtype), context
    ).tellingCost().run()
    guard result.isFinished else { return }
    for line in trained.report { context.note("\(name): \(line)") }
    if let share = trained.shareOfBlind, share > contextLimit {
      throw TrainingError.selfCheck(
        recipe: name,
        reason: "with the picture around the hole the loss is \(share) of the loss without it, above \(contextLimit)")
    }
  }
}
