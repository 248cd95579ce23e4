import Checkpoints
import Diffusion
import Models

/// Stable Diffusion 1.x (Rombach et al. 2022): CLIP ViT-L, 64×64 latents; and what else is built like it.
struct SD1: StableDiffusionTraits {
  var contextWidth: Int? { 768 }
  var metadataNames: [String] { ["sd_v1", "stable-diffusion-v1"] }
  var kohyaVersion: String? { "sd_v1" }

  func claims(_ settings: PipelineConfigurations) -> Bool { settings.unet != nil }

  func claims(_ unet: UNetStructure, _ encoders: [TextEncoderStructure]) -> Bool {
    unet.contextWidth == contextWidth || encoders.count == 1
  }

  /// 8 everywhere.
  func heads(_ channels: [Int]) -> OneOrMany { .one(8) }

  func nameSampler(of scheduler: inout SchedulerConfig, _ kind: ModelKind) {
    scheduler.className = kind == .textToImage ? "PNDMScheduler" : "DDIMScheduler"
  }

  func textPlace(_ index: Int, _ config: CLIPTextConfig) -> (prefix: String, map: any KeyMap) {
    ("cond_stage_model.transformer.", CLIPTextKeys())
  }
}
