import Checkpoints
import Diffusion
import Foundation
import Models
import NN

/// A diffusion transformer in a run's folder: a diffusers folder, and sample grids.
struct TrainedDiT: Artifact {
  let recipe: DiTRecipe
  let model: DiTTransformer2DModel
  let parameters: [Parameter]
  let folder: URL

  func write(step: Int, isLast: Bool) throws -> [URL] {
    let target = folder.appendingPathComponent("model")
    let config = model.config
    try ModelFolder(target.appendingPathComponent("transformer")).save(
      parameters, config: config, className: config.className, name: "diffusion_pytorch_model", dtype: .f16)
    let part = target.appendingPathComponent("scheduler")
    try FileManager.default.createDirectory(at: part, withIntermediateDirectories: true)
    try ModelFolder.writeJSON(
      recipe.scheduler, className: recipe.scheduler.className, to: part.appendingPathComponent("scheduler_config.json"))
    let labels = CaptionClasses(recipe.classes).names.enumerated().map { ("\($0)", $1) }
    try ModelFolder.writeJSON(
      Index(
        transformer: ["diffusers", config.className], scheduler: ["diffusers", recipe.scheduler.className],
        labels: Dictionary(uniqueKeysWithValues: labels)),
      className: "DiTPipeline", to: target.appendingPathComponent("model_index.json"))
    return [target]
  }

  /// `model_index.json` of diffusers' `DiTPipeline`, here without an autoencoder.
  private struct Index: Encodable {
    let transformer, scheduler: [String]
    let labels: [String: String]

    enum CodingKeys: String, CodingKey {
      case transformer, scheduler
      case labels = "id2label"
    }
  }
}
