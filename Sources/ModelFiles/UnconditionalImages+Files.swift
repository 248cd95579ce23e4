import Checkpoints
import Conditioning
import Diffusion
import Foundation
import Generation
import Models

extension UnconditionalImages {
  /// Loads a diffusers `DDPMPipeline` or `DDIMPipeline` folder, with the names of classes in `id2label` of its index.
  /// - Parameter variant: which of several forms of the weights to take.
  public init(folder: URL, variant: String? = nil, precision: Precision) throws {
    let index = try ModelIndex.read(folder)
    guard index.component("unet")?.className == "UNet2DModel" else {
      throw GenerationError.noModel(
        path: folder.path, reason: "\(index.className) is not an unconditional pipeline")
    }
    let part = ModelFolder(folder.appendingPathComponent("unet"), variant: variant)
    let config = try part.decode(UNet2DConfig.self)
    let classes = index.labels ?? (0..<(config.classCount ?? 0)).map { "\($0)" }
    guard config.classCount ?? 0 >= classes.count, (config.classCount ?? 0) - classes.count <= 1 else {
      throw GenerationError.noModel(
        path: folder.path,
        reason: "names \(classes.count) classes, its U-Net is told \(config.classCount ?? 0) (num_class_embeds)")
    }
    let unet = try part.load { path, _ in UNet2DModel(path, config) }.model
    let scheduler = try ModelFolder(folder.appendingPathComponent("scheduler"))
      .decode(SchedulerConfig.self, from: "scheduler_config.json")
    self.init(unet: unet, scheduler: scheduler, precision: precision, classes: classes)
  }
}
