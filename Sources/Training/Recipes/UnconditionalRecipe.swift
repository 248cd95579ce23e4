import Checkpoints
import Diffusion
import Foundation
import Generation
import Images
import Models
import NN
import TensorCore

/// Trains an unconditional U-Net on small pictures (Ho et al. 2020), and checks that the loss fell.
public struct UnconditionalRecipe: Codable, Sendable {
  public var name: String
  public var data: DataRecipe
  public var unet: UNet2DConfig
  public var scheduler: SchedulerConfig
  public var precision: Precision
  public var sampleCount: Int
  public var sampleSteps: Int
  /// The mean loss of the last log interval must be below this.
  public var lossLimit: Double
  public var loop: LoopSettings

  enum CodingKeys: String, CodingKey {
    case name, data, unet, scheduler, precision, loop
    case sampleCount = "sample_count"
    case sampleSteps = "sample_steps"
    case lossLimit = "loss_limit"
  }
}

/// A run of an unconditional recipe.
public struct UnconditionalTrainer {
  public let recipe: UnconditionalRecipe
  public let output: URL
  private let report: (String) -> Void

  /// - Parameter output: the run's folder; the finished pipeline is written to `model/` in it.
  public init(_ recipe: UnconditionalRecipe, output: URL, report: @escaping (String) -> Void) {
    self.recipe = recipe
    self.output = output
    self.report = report
  }

  /// Trains, or goes on training, writes the model and samples, and throws if the loss stayed high.
  public func run(shouldStop: @escaping () -> Bool = { false }) throws {
    let data = try recipe.data.open(report: report)
    let size = recipe.unet.sampleSize
    // Small pictures are read once and kept.
    let pictures = try (0..<data.count).map { try data.example($0, size: size).image }
    let store = ParameterStore(RandomInitialization(seed: recipe.loop.seed), isTrainable: { _ in true })
    let model = UNet2DModel(store.root, recipe.unet)
    let schedule = try recipe.scheduler.trainingSchedule
    var state = TrainingState(
      store.parameters, recipe.loop.optimizer, averageDecay: recipe.loop.averageDecay)
    var loop = TrainingLoop(recipe.loop, folder: output, fingerprint: try Fingerprint.of(recipe))
    loop.report = report
    loop.shouldStop = shouldStop
    var order = EpochOrder(count: pictures.count, seed: recipe.loop.seed)
    let dtype = recipe.precision.dtype
    let means = try loop.run(
      &state,
      loss: { step, random in
        let images = order.batch(step: step, size: recipe.loop.batch).map { index in
          random.uniform() < 0.5 ? pictures[index].flippedHorizontally() : pictures[index]
        }
        let clean = ImageTensor.pack(images)
        let timesteps = images.map { _ in random.integer(below: schedule.trainSteps) }
        let noise = random.normal(clean.shape)
        let noisy = schedule.addNoise(clean, noise: noise, timesteps: timesteps)
        let target = schedule.target(clean: clean, noise: noise, timesteps: timesteps)
        let output = model(noisy.cast(to: dtype), timesteps: timesteps.map(Float.init))
        return (output.cast(to: .f32) - target).squared.mean()
      },
      sample: { step in try writeSamples(model, step: step) })
    guard state.step == recipe.loop.steps else { return }
    let save = { try write(store.parameters) }
    if let average = state.average {
      try average.withAverage(store.parameters, save)
    } else {
      try save()
    }
    if let last = means.last, last > recipe.lossLimit {
      throw TrainingError.selfCheck(
        recipe: recipe.name, reason: "loss \(last) is above \(recipe.lossLimit)")
    }
  }

  private func writeSamples(_ model: UNet2DModel, step: Int) throws {
    let pipeline = UnconditionalImages(
      unet: model, scheduler: recipe.scheduler, precision: recipe.precision)
    let pixels = try pipeline.generate(
      seeds: (0..<recipe.sampleCount).map(UInt64.init), steps: recipe.sampleSteps)
    let grid = ImageGrid.make(ImageTensor.images(pixels), columns: 8, padding: 2)
    try ImageFile.save(grid, to: output.appendingPathComponent("samples-\(step).png"), text: [])
  }

  private func write(_ parameters: [Parameter]) throws {
    let folder = output.appendingPathComponent("model")
    try ModelFolder(folder.appendingPathComponent("unet")).save(
      parameters, config: recipe.unet, className: "UNet2DModel", name: "diffusion_pytorch_model",
      dtype: .f16)
    let scheduler = folder.appendingPathComponent("scheduler")
    try FileManager.default.createDirectory(at: scheduler, withIntermediateDirectories: true)
    try ModelFolder.writeJSON(
      recipe.scheduler, className: "DDPMScheduler",
      to: scheduler.appendingPathComponent("scheduler_config.json"))
    try ModelFolder.writeJSON(
      ["scheduler": ["diffusers", "DDPMScheduler"], "unet": ["diffusers", "UNet2DModel"]],
      className: "DDPMPipeline", to: folder.appendingPathComponent("model_index.json"))
  }
}
