import Checkpoints
import Diffusion
import Models

/// Stable Diffusion XL (Podell et al. 2023): CLIP ViT-L and OpenCLIP ViT-bigG side by side, pooled text and sizes.
struct SDXL: StableDiffusionTraits {
  var contextWidth: Int? { 2048 }
  var metadataNames: [String] { ["sdxl", "stable-diffusion-xl"] }
  var kohyaVersion: String? { "sdxl_base_v1-0" }
  var encoderCount: Int { 2 }
  var hasContinuousModels: Bool { true }
  var ays: AlignYourSteps { .stableDiffusionXL }
  var scalingFactor: Float { 0.13025 }
  var pipelineStem: String { "StableDiffusionXL" }

  func claims(_ settings: PipelineConfigurations) -> Bool { settings.unet != nil && settings.textEncoders.count == 2 }

  func claims(_ unet: UNetStructure, _ encoders: [TextEncoderStructure]) -> Bool {
    encoders.count == 2 || unet.additionWidth != nil
  }

  func padsWithZero(encoder index: Int) -> Bool { index == 1 }
  func latentSide(_ prediction: PredictionType) -> Int { 128 }

  func nameSampler(of scheduler: inout SchedulerConfig, _ kind: ModelKind) {
    (scheduler.className, scheduler.spacing) = ("EulerDiscreteScheduler", .leading)
  }

  func textPlace(_ index: Int, _ config: CLIPTextConfig) -> (prefix: String, map: any KeyMap) {
    index == 0
      ? ("conditioner.embedders.0.transformer.", CLIPTextKeys())
      : ("conditioner.embedders.1.model.", OpenCLIPKeys(layers: config.layerCount, hasProjection: true))
  }

  /// Empty tensors that say what the model predicts, and the numbers of models on continuous noise levels.
  func marks(_ settings: PipelineConfigurations) -> [(key: String, values: [Float])] {
    let scheduler = settings.scheduler
    if let mean = settings.autoencoder.latentsMean, let deviation = settings.autoencoder.latentsStd {
      return [("edm_mean", mean), ("edm_std", deviation)]
    }
    if let edm = scheduler.edm {
      return [("edm_vpred.sigma_max", [Float(edm.sigmaMax)]), ("edm_vpred.sigma_min", [Float(edm.sigmaMin)])]
    }
    return (scheduler.predictionType == .velocity ? [("v_pred", [])] : [])
      + (scheduler.rescaleBetasZeroSNR ? [("ztsnr", [])] : [])
  }

  func indexSettings(_ settings: PipelineConfigurations) -> [String: Any] {
    ["force_zeros_for_empty_prompt": settings.zerosForEmptyPrompt]
  }
}
