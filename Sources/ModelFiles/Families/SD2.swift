import Checkpoints
import Diffusion
import Foundation
import Models

/// Stable Diffusion 2.x: OpenCLIP ViT-H, read at its last layer but one; linear projections; velocities for 768 pixels.
struct SD2: StableDiffusionTraits {
  var contextWidth: Int? { 1024 }
  var metadataNames: [String] { ["sd_v2", "stable-diffusion-v2"] }
  var kohyaVersion: String? { "sd_v2" }

  func claims(_ settings: PipelineConfigurations) -> Bool {
    settings.unet?.useLinearProjection == true && settings.textEncoders.first?.activation == .gelu
  }

  func claims(_ unet: UNetStructure, _ encoders: [TextEncoderStructure]) -> Bool {
    encoders.first?.scheme == .openCLIP || unet.contextWidth == contextWidth
  }

  func padsWithZero(encoder index: Int) -> Bool { true }

  /// Both kinds of SD 2 were published under the same keys. The base model stopped at step 875000.
  func silentPrediction(_ layout: SingleFileLayout) -> (type: PredictionType, note: String?) {
    guard layout.kind == .textToImage, layout.file.metadata["global_step"] != "875000" else { return (.epsilon, nil) }
    let name = URL(fileURLWithPath: layout.file.path).lastPathComponent
    return (
      .velocity,
      "\(name) does not say what it predicts; taking v_prediction, as SD 2 for 768 pixels does (--prediction epsilon, if the "
        + "pictures are noise)"
    )
  }

  /// SD 2.1 for 768 pixels is the one that predicts velocities.
  func latentSide(_ prediction: PredictionType) -> Int { prediction == .velocity ? 96 : 64 }

  func nameSampler(of scheduler: inout SchedulerConfig, _ kind: ModelKind) { scheduler.className = "DDIMScheduler" }

  func textPlace(_ index: Int, _ config: CLIPTextConfig) -> (prefix: String, map: any KeyMap) {
    ("cond_stage_model.model.", OpenCLIPKeys(layers: config.layerCount, hasProjection: false))
  }
}
