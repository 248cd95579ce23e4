import Checkpoints
import Diffusion
import Foundation
import Models
import TensorCore

/// Pictures from noise alone (Ho et al. 2020): a `UNet2DModel` on pixels.
public struct UnconditionalImages: Sendable {
  public let unet: UNet2DModel
  public let scheduler: SchedulerConfig
  public let precision: Precision

  public init(unet: UNet2DModel, scheduler: SchedulerConfig, precision: Precision) {
    self.unet = unet
    self.scheduler = scheduler
    self.precision = precision
  }

  /// Loads a diffusers `DDPMPipeline` or `DDIMPipeline` folder.
  /// - Parameter variant: which of several forms of the weights to take.
  public init(folder: URL, variant: String? = nil, precision: Precision) throws {
    let index = try ModelIndex.read(folder)
    guard index.component("unet")?.className == "UNet2DModel" else {
      throw GenerationError.noModel(
        path: folder.path, reason: "\(index.className) is not an unconditional pipeline")
    }
    let part = ModelFolder(folder.appendingPathComponent("unet"), variant: variant)
    let config = try part.decode(UNet2DConfig.self)
    unet = try part.load { path, _ in UNet2DModel(path, config) }.model
    scheduler = try ModelFolder(folder.appendingPathComponent("scheduler"))
      .decode(SchedulerConfig.self, from: "scheduler_config.json")
    self.precision = precision
  }

  /// Makes one picture for each seed, `[B, H, W, C]` in about ±1.
  public func generate(
    seeds: [UInt64], steps: Int, sampler: SamplerName = .ddpm, stream: RandomStream = .torch,
    onStep: (SamplingStep) throws -> Void = { _ in }
  ) throws -> Tensor {
    let sampler = sampler.make(scheduler, eta: 0)
    var noise = NoiseSource(stream, seeds: seeds)
    let side = unet.config.sampleSize
    let plan = try sampler.plan(steps: steps)
    let start = noise.normal([seeds.count, side, side, unet.config.inChannels])
    func check(_ values: Tensor, _ stage: String, at step: Int) throws(GenerationError) {
      try Finiteness.check(values, "\(stage) at step \(step + 1) of \(plan.timesteps.count)") {
        Finiteness.large(values) ?? Finiteness.weights(of: "the U-Net", precision)
      }
    }
    return try sampler.sample(
      sampler.enter(start, plan: plan), plan: plan, noise: &noise,
      predict: { x, t, step in
        let output = ProductArithmetic.$current.withValue(precision.products) {
          unet(x.cast(to: precision.dtype), timesteps: Array(repeating: t, count: x.shape[0])).cast(to: .f32)
        }
        try check(output, "the U-Net", at: step)
        return output
      },
      onStep: {
        try check($0.sample, "the sampler", at: $0.index)
        try onStep($0)
        return nil
      })
  }
}
