import Checkpoints
import Conditioning
import Diffusion
import Foundation
import Models

/// What the generations of Stable Diffusion have in common, and what single files leave unsaid of each.
///
/// Source: the configuration files published with SD 1.5, SD 2.1 and SDXL 1.0.
protocol StableDiffusionTraits: FamilyTraits {
  /// Text encoders of a whole checkpoint.
  var encoderCount: Int { get }
  /// Whether the networks in a single file are of the family.
  func claims(_ unet: UNetStructure, _ encoders: [TextEncoderStructure]) -> Bool
  /// What a single file predicts that does not say so, and a line for a person where that is a guess.
  func silentPrediction(_ layout: SingleFileLayout) -> (type: PredictionType, note: String?)
  /// Whether there are models of it on continuous noise levels (Playground 2.5, CosXL).
  var hasContinuousModels: Bool { get }
  /// Side of the latents a model was made for.
  func latentSide(_ prediction: PredictionType) -> Int
  /// Heads of attention in levels of so many channels.
  func heads(_ channels: [Int]) -> OneOrMany
  /// What latents are multiplied by.
  var scalingFactor: Float { get }
  /// Gives a noise schedule the sampler its folders name.
  func nameSampler(of scheduler: inout SchedulerConfig, _ kind: ModelKind)
  /// Whether a text encoder, counted from 0, is OpenCLIP's: it computes with gelu.
  func isOpenCLIP(_ encoder: TextEncoderStructure, index: Int) -> Bool
  /// Where a single file has a text encoder, and under which names.
  func textPlace(_ index: Int, _ config: CLIPTextConfig) -> (prefix: String, map: any KeyMap)
  /// Tensors of a single file that say something by being there.
  func marks(_ settings: PipelineConfigurations) -> [(key: String, values: [Float])]
  /// The beginning of diffusers' names of its pipelines.
  var pipelineStem: String { get }
  /// What diffusers' index says besides the parts.
  func indexSettings(_ settings: PipelineConfigurations) -> [String: Any]
}

extension StableDiffusionTraits {
  var networks: [any BuildableNetwork.Type] { [UNet2DConditionModel.self] }
  var encoderCount: Int { 1 }
  var hasContinuousModels: Bool { false }
  var scalingFactor: Float { AutoencoderKLConfig().scalingFactor }
  var pipelineStem: String { "StableDiffusion" }

  func silentPrediction(_ layout: SingleFileLayout) -> (type: PredictionType, note: String?) { (.epsilon, nil) }
  func latentSide(_ prediction: PredictionType) -> Int { 64 }
  /// Of width 64.
  func heads(_ channels: [Int]) -> OneOrMany { .many(channels.map { max($0 / 64, 1) }) }
  func isOpenCLIP(_ encoder: TextEncoderStructure, index: Int) -> Bool {
    encoder.scheme == .openCLIP || padsWithZero(encoder: index)
  }
  func marks(_ settings: PipelineConfigurations) -> [(key: String, values: [Float])] { [] }

  func indexSettings(_ settings: PipelineConfigurations) -> [String: Any] {
    ["safety_checker": [NSNull(), NSNull()], "requires_safety_checker": false]
  }

  /// U-Nets that are told sizes read the last layer but one of their text encoders, and pooled text besides.
  func text(_ parts: TextParts) -> any TextEncoding {
    let readsPooled = parts.settings.network.readsSizes
    return CLIPTextEncoding(
      parts.encoders, layer: readsPooled ? .penultimate : .last, isPooled: readsPooled,
      zerosForNothing: parts.settings.zerosForEmptyPrompt)
  }

  func problem(_ text: any TextEncoding, _ settings: PipelineConfigurations) -> String? {
    guard let unet = settings.unet, let wanted = unet.pooledWidth, let side = unet.additionTimeEmbedDim,
      text.pooledWidth != wanted
    else { return nil }
    return "projection_class_embeddings_input_dim is \(wanted + 6 * side), the pooled text and six sizes of "
      + "addition_time_embed_dim \(side) are \((text.pooledWidth ?? 0) + 6 * side)"
  }
}
