import Checkpoints
import Diffusion
import Foundation
import Models
import NN

/// Completes a trained model to a folder that diffusers and txt2img load.
package enum DiffusersFolder {
  /// Copies the autoencoder and tokenizer, writes the scheduler's configuration and the index.
  static func finish(
    _ folder: URL, autoencoder: URL, tokenizer: URL, scheduler: SchedulerConfig
  ) throws {
    try copy(autoencoder, to: folder.appendingPathComponent("vae"))
    try copy(tokenizer, to: folder.appendingPathComponent("tokenizer"))
    let schedulerFolder = folder.appendingPathComponent("scheduler")
    try RunFiles.makeFolder(schedulerFolder)
    try ModelFolder.writeJSON(
      scheduler, className: "DDIMScheduler",
      to: schedulerFolder.appendingPathComponent("scheduler_config.json"))
    let index: [String: Any] = [
      "_class_name": "StableDiffusionPipeline", "requires_safety_checker": false,
      "safety_checker": [NSNull(), NSNull()], "feature_extractor": [NSNull(), NSNull()],
      "scheduler": ["diffusers", "DDIMScheduler"], "text_encoder": ["transformers", "CLIPTextModel"],
      "tokenizer": ["transformers", "CLIPTokenizer"], "unet": ["diffusers", "UNet2DConditionModel"],
      "vae": ["diffusers", "AutoencoderKL"],
    ]
    let data = try JSONSerialization.data(
      withJSONObject: index, options: [.prettyPrinted, .sortedKeys])
    try RunFiles.write(data + Data("\n".utf8), to: folder.appendingPathComponent("model_index.json"))
  }

  /// Writes a model like another but for its U-Net and its scheduler.
  /// - Parameters:
  ///   - start: the other's folder.
  ///   - className: of the pipeline, in the index.
  ///   - unet: the U-Net's weights and configuration.
  package static func write(
    _ folder: URL, like start: URL, className: String, unet: ([Parameter], UNet2DConditionConfig),
    scheduler: SchedulerConfig
  ) throws {
    let files = FileManager.default
    func part(_ name: String) -> URL { folder.appendingPathComponent(name) }
    for name in try files.contentsOfDirectory(atPath: start.path).sorted() where name != "unet" && name != "scheduler" {
      var isFolder: ObjCBool = false
      let source = start.appendingPathComponent(name)
      if files.fileExists(atPath: source.path, isDirectory: &isFolder), isFolder.boolValue {
        try copy(source, to: part(name))
      }
    }
    try ModelFolder(part("unet")).save(
      unet.0, config: unet.1, className: "UNet2DConditionModel", name: "diffusion_pytorch_model", dtype: .f16)
    try RunFiles.makeFolder(part("scheduler"))
    try ModelFolder.writeJSON(
      scheduler, className: scheduler.className, to: part("scheduler").appendingPathComponent("scheduler_config.json"))
    let text = try Data(contentsOf: start.appendingPathComponent("model_index.json"))
    guard var index = try JSONSerialization.jsonObject(with: text) as? [String: Any] else {
      throw TrainingError.badFolder(path: start.path, reason: "its model_index.json is not a JSON object")
    }
    (index["_class_name"], index["scheduler"]) = (className, ["diffusers", scheduler.className])
    let data = try JSONSerialization.data(withJSONObject: index, options: [.prettyPrinted, .sortedKeys])
    try RunFiles.write(data + Data("\n".utf8), to: part("model_index.json"))
  }

  /// Copies the files of a folder, and of folders in it, over those of another.
  package static func copy(_ source: URL, to target: URL) throws {
    try RunFiles.makeFolder(target)
    for name in try FileManager.default.contentsOfDirectory(atPath: source.path).sorted() {
      let (from, to) = (source.appendingPathComponent(name), target.appendingPathComponent(name))
      if (try? from.resourceValues(forKeys: [.isDirectoryKey]).isDirectory) == true {
        try copy(from, to: to)
      } else {
        try RunFiles.write(try Data(contentsOf: from), to: to)
      }
    }
  }
}
