import Adapters
import ArgumentParser
import CommandSupport
import Models
import NN
import TensorCore
import Training

extension Bench {
  /// A step of a pixel U-Net.
  struct TrainStep: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "train-step",
      abstract: "A training step of the 113.7 M unconditional U-Net on 128×128 pixels: loss, gradients, AdamW.",
      usage: "imago bench train-step [<options>]")
    @Option(help: "Pictures in a step.") var batch = 4
    @OptionGroup var options: BenchOptions

    func validate() throws { try BenchLimits.check(batch: batch) }

    func run() throws {
      try options.run {
        try BenchMemory.trainStep.check(size: 128, batch: batch, options)
        let store = BenchModels.store(training: true, precision: options.dtype)
        let unet = UNet2DModel(store.root, BenchModels.pixelUNet)
        let source = RandomInitialization(seed: 1)
        let noise = Bench.normal(source, [batch, 128, 128, 3])
        let x = noise.cast(to: options.dtype)
        let times = (0..<batch).map { Float(100 + 37 * $0 % 800) }
        let step = Bench.step(store.parameters) {
          (unet(x, timesteps: times).cast(to: .f32) - noise).squared.mean()
        }
        try options.report("train-step", size: 128, batch: batch, complete: Bench.countSamples(batch), step)
      }
    }
  }

  /// A step of a net of the bundled model's size.
  struct SmallStep: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "small-step",
      abstract:
        "A training step of a text encoder and a small U-Net on 16×16 latents: loss, gradients, clipping, optimiser.",
      usage: "imago bench small-step [<options>]"
    )
    @Option(help: "Pictures in a step.") var batch = 48
    @Option(
      help: "plain: 96/192/224 channels, latents of 4; scale-shift: 112/192/192 with pooled text, latents of 8.")
    var network = SmallNetwork.plain
    @Option(help: "The optimiser of the step: \(OptimizerName.allCases.map(\.rawValue).joined(separator: ", ")).")
    var optimizer = OptimizerName.adamW
    @OptionGroup var options: BenchOptions

    func validate() throws { try BenchLimits.check(batch: batch) }

    func run() throws {
      try options.run {
        try BenchMemory.smallStep.check(size: 128, batch: batch, options)
        try options.report(
          "small-step", size: 128, batch: batch, complete: Bench.countSamples(batch),
          Bench.smallStep(batch: batch, network: network, optimizer: optimizer, options))
      }
    }
  }

  /// A training step of a small net on noise.
  static func smallStep(
    batch: Int, network: SmallNetwork = .plain, optimizer: OptimizerName = .adamW, _ options: BenchOptions
  ) -> () -> Void {
    let dtype = options.dtype
    let (texts, nets) = (
      BenchModels.store(training: true, precision: dtype), BenchModels.store(training: true, precision: dtype)
    )
    let text = CLIPTextModel(texts.root, BenchModels.smallText)
    let unet = UNet2DConditionModel(nets.root, network.config)
    let noise = Bench.normal(RandomInitialization(seed: 1), [batch, 16, 16, unet.config.inChannels])
    let x = noise.cast(to: dtype)
    let times = (0..<batch).map { Float($0 * 997 % 1000) }
    let ids = (0..<batch).map { row in (0..<14).map { Int32((row * 131 + $0 * 17) % 1000) } }
    return Bench.step(texts.parameters + nets.parameters, optimizer, dtype) {
      let context = text(ids, dtype: dtype).lastHiddenState
      return (unet(x, timesteps: times, encoderHiddenStates: context).cast(to: .f32) - noise).squared.mean()
    }
  }

  /// A step of an adapter for Stable Diffusion 1.5.
  struct LoRAStep: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "lora-step",
      abstract: "A training step of an adapter on the attention of Stable Diffusion 1.5's U-Net, the weights frozen.",
      usage: "imago bench lora-step [<options>]")
    @Option(help: "Side of the picture.") var size = 512
    @Option(help: "Pictures in a step.") var batch = 1
    @Option(help: "Rank of the adapter.") var rank = 8
    @Flag(help: "Computes blocks again for their gradients instead of keeping them.") var checkpointing = false
    @OptionGroup var options: BenchOptions

    func validate() throws {
      try BenchLimits.check(size: size)
      try BenchLimits.check(batch: batch)
      try BenchLimits.check("--rank", rank, 1...320)
    }

    func run() throws {
      try options.run {
        let memory = checkpointing ? BenchMemory.recomputedLoRAStep : BenchMemory.loraStep
        try memory.check(size: size, batch: batch, options)
        let dtype = options.dtype
        let store = BenchModels.store(training: false, precision: dtype)
        let unet = UNet2DConditionModel(store.root, BenchModels.stableDiffusionUNet)
        let adapters = try TrainableAdapters(
          [.unet: store.parameters], targets: .attention, rank: rank, alpha: Float(rank), seed: 1)
        let source = RandomInitialization(seed: 1)
        let noise = Bench.normal(source, [batch, size / 8, size / 8, 4])
        let x = noise.cast(to: dtype)
        let context = Bench.normal(source, [batch, 77, 768])
        let times = (0..<batch).map { Float(500 - 37 * $0 % 500) }
        let step = Bench.step(adapters.parameters) {
          Recomputation.$isOn.withValue(checkpointing) {
            (unet(x, timesteps: times, encoderHiddenStates: context).cast(to: .f32) - noise).squared.mean()
          }
        }
        try options.report("lora-step", size: size, batch: batch, complete: Bench.countSamples(batch), step)
      }
    }
  }

  /// Gradients of `loss` and a step of an optimiser.
  private static func step(
    _ parameters: [Parameter], _ name: OptimizerName = .adamW, _ dtype: DType = .f32, loss: @escaping () -> Tensor
  ) -> () -> Void {
    var settings = OptimizerSettings()
    (settings.name, settings.dtype) = (name, dtype)
    var optimizer = settings.make(parameters)
    let rates = parameters.map { _ in Float(1e-4) }
    return {
      let (_, gradients) = valueAndGradients { loss() }
      optimizer.step(gradients, scale: settings.clipping(norm: gradients.norm(of: parameters)), rates: rates)
    }
  }

  private static func countSamples(_ batch: Int) -> (inout BenchFigure) -> Void {
    { $0.samplesPerSecond = Double(batch) / $0.seconds }
  }
}
