import Checkpoints
import Diffusion
import Foundation
import Generation
import Models
import ReferenceSupport
import TensorCore
import TestSupport
import Tokenizers

/// The small pipelines of the fixtures, ready to run.
enum ReferencePipelines {
  static func components(_ reference: ReferenceCase) throws -> PipelineComponents {
    let scheduler = ModelFolder(reference.url.appendingPathComponent("scheduler"))
    return PipelineComponents(
      conditioners: [
        TextConditioner(
          tokenizer: try CLIPTokenizer(directory: fixtureURL("clip_tokenizer")),
          model: try reference.textEncoder())
      ],
      unet: try reference.conditionalUNet(), autoencoder: try reference.autoencoder(),
      scheduler: try scheduler.decode(SchedulerConfig.self, from: "scheduler_config.json"),
      name: reference.name)
  }

  /// One picture of 64 pixels in two steps, enough to pass every part of a pipeline.
  static func shortRequest(seeds: [UInt64], prompts: [String]) -> GenerationRequest {
    GenerationRequest(
      prompts: prompts, negativePrompt: "blurry, low quality", steps: 2,
      guidance: Guidance(scale: 7.5), sampler: .ddim, seeds: seeds, width: 64, height: 64)
  }
}
