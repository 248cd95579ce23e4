import Checkpoints
import Conditioning
import Diffusion
import Foundation
import Generation
import Models
import ReferenceSupport
import TensorCore
import TestSupport
import Tokenizers

/// The small pipelines of the fixtures, ready to run.
package enum ReferencePipelines {
  package static func components(_ reference: ReferenceCase) throws -> PipelineComponents {
    let scheduler = ModelFolder(reference.url.appendingPathComponent("scheduler"))
    return PipelineComponents(
      text: CLIPTextEncoding([
        CLIPTextEncoder(
          tokenizer: try CLIPTokenizer(directory: fixtureURL("clip_tokenizer")),
          model: try reference.textEncoder())
      ]),
      network: try reference.conditionalUNet(), autoencoder: .kl(try reference.autoencoder()),
      scheduler: try scheduler.decode(SchedulerConfig.self, from: "scheduler_config.json"),
      name: reference.name)
  }

  /// The SDXL pipeline.
  package static func componentsXL() throws -> PipelineComponents {
    let reference = try ReferenceCase("sdxl_tiny")
    let second = try reference.load("text_encoder_2", CLIPTextConfig.self) {
      var config = $2
      config.architectures = ["CLIPTextModelWithProjection"]
      return CLIPTextModel($0, config, prefixed: CLIPTextModel.isPrefixed($1))
    }.model
    let folder = ModelFolder(reference.url.appendingPathComponent("scheduler"))
    return PipelineComponents(
      text: CLIPTextEncoding(
        [
          CLIPTextEncoder(
            tokenizer: try CLIPTokenizer(directory: fixtureURL("clip_tokenizer")),
            model: try reference.textEncoder()),
          CLIPTextEncoder(tokenizer: try tokenizer(padding: "!"), model: second),
        ], layer: .penultimate, isPooled: true, zerosForNothing: true),
      network: try reference.conditionalUNet(), autoencoder: .kl(try reference.autoencoder()),
      scheduler: try folder.decode(SchedulerConfig.self, from: "scheduler_config.json"),
      ays: .stableDiffusionXL, name: reference.name)
  }

  /// CLIP's tokenizer with another padding token.
  private static func tokenizer(padding: String) throws -> CLIPTokenizer {
    let folder = fixtureURL("clip_tokenizer")
    let vocabulary = try JSONDecoder().decode(
      [String: Int32].self, from: Data(contentsOf: folder.appendingPathComponent("vocab.json")))
    let text = try String(contentsOf: folder.appendingPathComponent("merges.txt"), encoding: .utf8)
    let merges = text.split(separator: "\n").dropFirst().map { line in
      let parts = line.split(separator: " ").map(String.init)
      return (parts[0], parts[1])
    }
    return try CLIPTokenizer(
      vocabulary: vocabulary, merges: merges, padToken: padding, maximumLength: 77)
  }

  /// One picture of 64 pixels in two steps, enough to pass every part of a pipeline.
  package static func shortRequest(seeds: [UInt64], prompts: [String]) -> GenerationRequest {
    GenerationRequest(
      prompts: prompts, negativePrompt: "blurry, low quality", steps: 2,
      guidance: Guidance(scale: 7.5), sampler: .ddim, seeds: seeds, width: 64, height: 64)
  }
}
