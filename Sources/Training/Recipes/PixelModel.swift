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
  let network: any DenoisingNetwork
  /// Its folder, by which the pipeline is called.
  var part = ModelPart.unet
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
    let images = UnconditionalImages(network: network, scheduler: scheduler, precision: precision, classes: classes)
    return [
      try SampleGrid.save(ImageTensor.images(try draw(images)), columns: columns, step: step, in: folder)
    ]
  }

  func write(step: Int, isLast: Bool) throws -> [URL] {
    let target = folder.appendingPathComponent("model")
    let className = network.config.className
    try ModelFolder(target.appendingPathComponent(part.rawValue)).save(
      parameters, config: network.config, className: className, name: "diffusion_pytorch_model", dtype: .f16)
    let place = target.appendingPathComponent("scheduler")
    try RunFiles.makeFolder(place)
    // diffusers' pipelines of U-Nets on pixels know no other.
    let schedulerName = part == .unet ? "DDPMScheduler" : scheduler.className
    try ModelFolder.writeJSON(
      scheduler, className: schedulerName, to: place.appendingPathComponent("scheduler_config.json"))
    let parts = ["scheduler": schedulerName, part.rawValue: className].mapValues { ["diffusers", $0] }
    try ModelFolder.writeJSON(
      Index(parts: parts, labels: Dictionary(uniqueKeysWithValues: classes.enumerated().map { ("\($0)", $1) })),
      className: part == .unet ? "DDPMPipeline" : "DiTPipeline", to: target.appendingPathComponent("model_index.json"))
    return [target]
  }

  /// `model_index.json`; classes stand in it as in diffusers' `DiTPipeline`.
  private struct Index: Encodable {
    let parts: [String: [String]]
    let labels: [String: String]

    enum CodingKeys: String, CodingKey { case labels = "id2label" }

    func encode(to encoder: any Encoder) throws {
      try parts.encode(to: encoder)
      var c = encoder.container(keyedBy: CodingKeys.self)
      if !labels.isEmpty { try c.encode(labels, forKey: .labels) }
    }
  }
}
