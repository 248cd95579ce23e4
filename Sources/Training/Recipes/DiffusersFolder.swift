import Checkpoints
import Diffusion
import Foundation

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
