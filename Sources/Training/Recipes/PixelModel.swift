import Checkpoints
import Diffusion
import Foundation
import Generation
import Images
import Models
import NN
import TensorCore

/// A model on pixels in a run's folder: a diffusers folder, and sample grids.
struct PixelModel: Artifact {
  let unet: UNet2DModel
  let parameters: [Parameter]
  let scheduler: SchedulerConfig
  let precision: Precision
  /// The classes it is told, if it is told any.
  var classes: [String] = []
  let folder: URL
  /// Pictures in a row of the sample grids.
  let columns: Int
  /// Draws what a grid shows.
  let draw: (UnconditionalImages) throws -> Tensor

  func preview(step: Int) throws -> [URL] {
    guard step > 0 else { return [] }
    let images = UnconditionalImages(network: unet, scheduler: scheduler, precision: precision, classes: classes)
    return [
      try SampleGrid.save(ImageTensor.images(try draw(images)), columns: columns, step: step, in: folder)
    ]
  }

  func write(step: Int, isLast: Bool) throws -> [URL] {
    let target = folder.appendingPathComponent("model")
    try ModelFolder(target.appendingPathComponent("unet")).save(
      parameters, config: unet.config, className: "UNet2DModel", name: "diffusion_pytorch_model", dtype: .f16)
    let part = target.appendingPathComponent("scheduler")
    try RunFiles.makeFolder(part)
    try ModelFolder.writeJSON(
      scheduler, className: "DDPMScheduler", to: part.appendingPathComponent("scheduler_config.json"))
    try ModelFolder.writeJSON(
      Index(labels: Dictionary(uniqueKeysWithValues: classes.enumerated().map { ("\($0)", $1) })),
      className: "DDPMPipeline", to: target.appendingPathComponent("model_index.json"))
    return [target]
  }

  /// `model_index.json`; classes stand in it as in diffusers' `DiTPipeline`.
  private struct Index: Encodable {
    let labels: [String: String]

    enum CodingKeys: String, CodingKey {
      case scheduler, unet
      case labels = "id2label"
    }

    func encode(to encoder: any Encoder) throws {
      var c = encoder.container(keyedBy: CodingKeys.self)
      try c.encode(["diffusers", "DDPMScheduler"], forKey: .scheduler)
      try c.encode(["diffusers", "UNet2DModel"], forKey: .unet)
      if !labels.isEmpty { try c.encode(labels, forKey: .labels) }
    }
  }
}
