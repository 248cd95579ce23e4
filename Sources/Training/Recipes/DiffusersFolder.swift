import Checkpoints
import Diffusion
import Foundation

/// Completes a trained model to a folder that diffusers and txt2img load.
enum DiffusersFolder {
  /// Copies the autoencoder and tokenizer, writes the scheduler's configuration and the index.
  static func finish(
    _ folder: URL, autoencoder: URL, tokenizer: URL, scheduler: SchedulerConfig
  ) throws {
    try copy(autoencoder, to: folder.appendingPathComponent("vae"))
    try copy(tokenizer, to: folder.appendingPathComponent("tokenizer"))
    let schedulerFolder = folder.appendingPathComponent("scheduler")
    try FileManager.default.createDirectory(
      at: schedulerFolder, withIntermediateDirectories: true)
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
    try (data + Data("\n".utf8)).write(
      to: folder.appendingPathComponent("model_index.json"), options: .atomic)
  }

  /// Copies the files of a folder over those of another.
  static func copy(_ source: URL, to target: URL) throws {
    let files = FileManager.default
    try files.createDirectory(at: target, withIntermediateDirectories: true)
    for name in try files.contentsOfDirectory(atPath: source.path).sorted() {
      let data = try Data(contentsOf: source.appendingPathComponent(name))
      try data.write(to: target.appendingPathComponent(name), options: .atomic)
    }
  }
}
