import Checkpoints
import Conditioning
import Diffusion
import Foundation
import Generation
import Models

extension UnconditionalImages {
  /// Loads a diffusers folder of a network on pixels (`DDPMPipeline`, `DDIMPipeline`), with the names of classes in `id2label` of its index.
  /// - Parameter variant: which of several forms of the weights to take.
  public init(folder: URL, variant: String? = nil, precision: Precision) throws {
    let index = try ModelIndex.read(folder)
    guard let files = try PixelPipelineFolder(folder, index, variant: variant) else {
      throw GenerationError.noModel(
        path: folder.path, reason: "\(index.className) is not an unconditional pipeline")
    }
    let rows = files.config.classRows ?? 0
    let classes = index.labels ?? (0..<rows).map { "\($0)" }
    guard rows >= classes.count, rows - classes.count <= 1 else {
      throw GenerationError.noModel(
        path: folder.path,
        reason: "names \(classes.count) classes, its network is told \(rows)")
    }
    let network = try files.network.load { path, _ in NetworkClass.build(files.config, path) }.model
    let scheduler = try ModelFolder(folder.appendingPathComponent("scheduler"))
      .decode(SchedulerConfig.self, from: "scheduler_config.json")
    self.init(network: network, scheduler: scheduler, precision: precision, classes: classes)
  }
}
