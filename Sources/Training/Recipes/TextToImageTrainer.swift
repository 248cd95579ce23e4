import Checkpoints
import Diffusion
import Foundation
import Generation
import Images
import Models
import NN
import TensorCore
import Tokenizers

/// A run of a text-to-image recipe.
public struct TextToImageTrainer {
  public let recipe: TextToImageRecipe
  public let output: URL
  private let report: (String) -> Void

  /// - Parameter output: the run's folder; the model as it stands at each sample is written to `model/` in it, in diffusers layout.
  public init(_ recipe: TextToImageRecipe, output: URL, report: @escaping (String) -> Void) {
    self.recipe = recipe
    self.output = output
    self.report = report
  }

  /// Trains, or goes on training, and writes the model.
  public func run(shouldStop: @escaping () -> Bool = { false }) throws {
    let autoencoder = try loadAutoencoder()
    let latents = try openLatents(autoencoder)
    let tokenizer = try openTokenizer(latents.captions)
    let trainee = try Trainee(recipe, tokenizer: tokenizer)
    let parameters = trainee.trained
    var state = TrainingState(
      parameters, recipe.loop.optimizer, averageDecay: recipe.loop.averageDecay)
    var loop = TrainingLoop(recipe.loop, folder: output, fingerprint: try Fingerprint.of(recipe))
    loop.report = report
    loop.shouldStop = shouldStop
    report(
      "\(recipe.name): \(parameters.reduce(0) { $0 + $1.value.count }) parameters, "
        + "\(latents.count) pictures, \(tokenizer.vocabularySize) tokens")
    let schedule = try recipe.scheduler.trainingSchedule
    let length = recipe.textEncoder.positionCount
    let tokens = latents.captions.map { tokenizer.encode($0, length: length) }
    let empty = tokenizer.encode("", length: length)
    var order = EpochOrder(count: latents.count, seed: recipe.loop.seed)
    let timesteps = recipe.timestepSampling ?? TimestepSampling()
    let pipeline = trainee.pipeline(autoencoder, tokenizer, recipe)
    try loop.run(
      &state,
      loss: { step, random in
        let indices = order.batch(step: step, size: recipe.loop.batch)
        let clean = latents.batch(indices)
        let ids = indices.map { random.uniform() < recipe.captionDropout ? empty : tokens[$0] }
        let timesteps = indices.map { _ in timesteps.draw(&random, count: schedule.trainSteps) }
        return trainee.loss(
          clean, ids: ids, timesteps: timesteps, noise: random.normal(clean.shape), schedule,
          dtype: recipe.precision.dtype)
      },
      sample: { step in
        // The averaged weights are in place here: what is written is the model as it would be used.
        try writeSamples(pipeline, step: step)
        try write(trainee)
      })
  }

  private func loadAutoencoder() throws -> AutoencoderKL {
    let folder = ModelFolder(URL(fileURLWithPath: recipe.autoencoder))
    let config = try folder.decode(AutoencoderKLConfig.self)
    guard config.latentsMean == nil, (config.shiftFactor ?? 0) == 0 else {
      throw TrainingError.badRecipe(
        path: folder.url.path, reason: "latents_mean, latents_std and shift_factor are not supported in training")
    }
    return try folder.load { path, _ in AutoencoderKL(path, config) }.model
  }

  private func openLatents(_ autoencoder: AutoencoderKL) throws -> LatentCache {
    let url = URL(fileURLWithPath: recipe.cache)
    let fingerprint = try Fingerprint.of([
      try Fingerprint.of(recipe.data), try Fingerprint.of(autoencoder.config), "\(recipe.size)",
    ])
    if let cache = try LatentCache.open(url, fingerprint: fingerprint) { return cache }
    let data = try recipe.data.open(report: report)
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    let started = Date()
    return try LatentCache.make(
      data, size: recipe.size, autoencoder: autoencoder, scale: autoencoder.config.scalingFactor,
      dtype: recipe.precision.dtype, to: url, fingerprint: fingerprint,
      report: { done in
        guard done % 4096 == 0 || done == data.count else { return }
        let rate = Double(done) / max(Date().timeIntervalSince(started), 1e-9)
        report("encoded \(done)/\(data.count) pictures, \(Int(rate)) a second")
      })
  }

  /// The run's tokenizer: trained on the captions the first time, read back afterwards.
  private func openTokenizer(_ captions: [String]) throws -> CLIPTokenizer {
    let folder = output.appendingPathComponent("tokenizer")
    if let start = recipe.startFrom {
      return try CLIPTokenizer(directory: URL(fileURLWithPath: start).appendingPathComponent("tokenizer"))
    }
    if !FileManager.default.fileExists(atPath: folder.path) {
      let vocabulary = try VocabularyTrainer.train(
        captions, vocabularySize: recipe.vocabularySize,
        maximumLength: recipe.textEncoder.positionCount)
      try vocabulary.write(to: folder)
    }
    return try CLIPTokenizer(directory: folder)
  }

  private func writeSamples(_ pipeline: TextToImage, step: Int) throws {
    let prompts = recipe.samplePrompts
    guard !prompts.isEmpty else { return }
    let request = GenerationRequest(
      prompts: prompts, steps: recipe.sampleSteps, guidance: Guidance(scale: recipe.sampleGuidance),
      sampler: .ddim, seeds: prompts.indices.map { UInt64($0) }, width: recipe.size,
      height: recipe.size)
    let batch = try pipeline.generate(request)
    let grid = ImageGrid.make(ImageTensor.images(batch.pixels), columns: 8, padding: 2)
    try ImageFile.save(grid, to: output.appendingPathComponent("samples-\(step).png"), text: [])
  }

  /// Writes the model as a diffusers folder.
  private func write(_ trainee: Trainee) throws {
    let folder = output.appendingPathComponent("model")
    func part(_ name: String) -> URL { folder.appendingPathComponent(name) }
    try ModelFolder(part("unet")).save(
      trainee.unetParameters, config: recipe.unet, className: "UNet2DConditionModel",
      name: "diffusion_pytorch_model", dtype: .f16)
    try ModelFolder(part("text_encoder")).save(
      trainee.textParameters, config: trainee.text.config, className: "CLIPTextModel", name: "model",
      dtype: .f16)
    try DiffusersFolder.finish(
      folder, autoencoder: URL(fileURLWithPath: recipe.autoencoder),
      tokenizer: (recipe.startFrom.map { URL(fileURLWithPath: $0) } ?? output)
        .appendingPathComponent("tokenizer"), scheduler: recipe.scheduler)
    report("wrote \(folder.path)")
  }
}

/// The two models that are trained together.
struct Trainee {
  let text: CLIPTextModel
  let unet: UNet2DConditionModel
  let textParameters, unetParameters: [Parameter]

  /// What the optimizer changes.
  var trained: [Parameter] { (textParameters + unetParameters).filter(\.isTrainable) }

  init(_ recipe: TextToImageRecipe, tokenizer: CLIPTokenizer) throws {
    let parts = recipe.train ?? TextToImageRecipe.Part.allCases
    let (trainsText, trainsUNet) = (parts.contains(.textEncoder), parts.contains(.unet))
    if let start = recipe.startFrom {
      let folder = URL(fileURLWithPath: start)
      let textFolder = ModelFolder(folder.appendingPathComponent("text_encoder"))
      let config = try textFolder.decode(CLIPTextConfig.self)
      func makeText(_ path: ParameterPath, _ keys: [String]) -> CLIPTextModel {
        CLIPTextModel(path, config, prefixed: CLIPTextModel.isPrefixed(keys))
      }
      (text, textParameters) = try textFolder.load(isTrainable: { _ in trainsText }, makeText)
      let unetFolder = ModelFolder(folder.appendingPathComponent("unet"))
      func makeUNet(_ path: ParameterPath, _ keys: [String]) -> UNet2DConditionModel {
        UNet2DConditionModel(path, recipe.unet)
      }
      (unet, unetParameters) = try unetFolder.load(isTrainable: { _ in trainsUNet }, makeUNet)
      return
    }
    var config = recipe.textEncoder
    config.vocabularySize = tokenizer.vocabularySize
    config.endTokenID = Int(tokenizer.endID)
    let seed = recipe.loop.seed
    let textStore = ParameterStore(RandomInitialization(seed: seed), isTrainable: { _ in trainsText })
    text = CLIPTextModel(textStore.root, config)
    let unetStore = ParameterStore(RandomInitialization(seed: seed &+ 1), isTrainable: { _ in trainsUNet })
    unet = UNet2DConditionModel(unetStore.root, recipe.unet)
    (textParameters, unetParameters) = (textStore.parameters, unetStore.parameters)
  }

  /// Mean squared error of the prediction (Ho et al. 2020, eq. 14; Salimans & Ho 2022 for v).
  func loss(
    _ clean: Tensor, ids: [[Int32]], timesteps: [Int], noise: Tensor, _ schedule: NoiseSchedule,
    dtype: DType
  ) -> Tensor {
    let noisy = schedule.addNoise(clean, noise: noise, timesteps: timesteps)
    let target = schedule.target(clean: clean, noise: noise, timesteps: timesteps)
    let context = text(ids, dtype: dtype).lastHiddenState
    let output = unet(
      noisy.cast(to: dtype), timesteps: timesteps.map(Float.init), encoderHiddenStates: context)
    return (output.cast(to: .f32) - target).squared.mean()
  }

  /// A pipeline over the models as they are at the time of use.
  func pipeline(
    _ autoencoder: AutoencoderKL, _ tokenizer: CLIPTokenizer, _ recipe: TextToImageRecipe
  ) -> TextToImage {
    TextToImage(
      PipelineComponents(
        conditioners: [TextConditioner(tokenizer: tokenizer, model: text)], unet: unet,
        autoencoder: autoencoder, scheduler: recipe.scheduler, name: recipe.name),
      precision: recipe.precision)
  }
}
