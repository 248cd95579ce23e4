import Checkpoints
import Diffusion
import Models

extension PipelineConfigurations {
  /// The configurations of a single file: sizes from its shapes, all else from what its family has in common.
  init(_ layout: SingleFileLayout, prediction: SingleFilePrediction) {
    let traits = layout.traits
    let side = traits.latentSide(prediction.type)
    var standard = AutoencoderKLConfig()
    (standard.sampleSize, standard.scalingFactor) = (side * 8, traits.scalingFactor)
    var autoencoder = layout.vae.map { AutoencoderKLConfig($0, like: standard) } ?? standard
    if let (mean, deviation) = prediction.levels.statistics {
      (autoencoder.latentsMean, autoencoder.latentsStd) = (mean, deviation)
      autoencoder.scalingFactor = SingleFileNoiseLevels.normalizedScale
    }
    self.init(
      network: UNet2DConditionConfig(layout.unet, traits, layout.textEncoders, side: side),
      autoencoder: autoencoder,
      textEncoders: layout.textEncoders.enumerated().map {
        CLIPTextConfig($1, hasProjection: $0 == 1, isOpenCLIP: traits.isOpenCLIP($1, index: $0))
      },
      scheduler: SchedulerConfig(layout, prediction), zerosForEmptyPrompt: traits.encoderCount == 2)
  }
}

extension UNet2DConditionConfig {
  /// - Parameter side: of the latents the model was made for.
  init(_ unet: UNetStructure, _ traits: any StableDiffusionTraits, _ encoders: [TextEncoderStructure], side: Int) {
    self.init()
    sampleSize = side
    inChannels = unet.inputChannels
    outChannels = unet.outputChannels
    blockOutChannels = unet.channels
    layersPerBlock = .one(unet.layersPerBlock)
    crossAttentionDim = unet.contextWidth
    downBlockTypes = unet.transformerDepth.map { $0 > 0 ? "CrossAttnDownBlock2D" : "DownBlock2D" }
    upBlockTypes = unet.transformerDepth.reversed().map { $0 > 0 ? "CrossAttnUpBlock2D" : "UpBlock2D" }
    // Levels without attention count 1; the middle goes with the last level.
    let depths = unet.transformerDepth.dropLast().map { max($0, 1) } + [max(unet.middleDepth, 1)]
    transformerLayersPerBlock = depths.allSatisfy { $0 == 1 } ? .one(1) : .many(depths)
    attentionHeadDim = traits.heads(unet.channels)
    useLinearProjection = unet.usesLinearProjection
    resnetTimeScaleShift = unet.usesScaleShift ? .scaleShift : .shift
    if let width = unet.additionWidth {
      additionEmbedType = "text_time"
      // The pooled text and six sizes.
      additionTimeEmbedDim = (width - (encoders.last?.projection ?? 1280)) / 6
      projectionClassEmbeddingsInputDim = width
    }
  }
}

extension AutoencoderKLConfig {
  /// The sizes of a file; what no file shows, such as the scale of latents, from another configuration.
  init(_ structure: AutoencoderStructure, like other: AutoencoderKLConfig) {
    self = other
    latentChannels = structure.latentChannels
    blockOutChannels = structure.channels
    layersPerBlock = structure.layersPerBlock
    useQuantConv = structure.hasQuantConv
    usePostQuantConv = structure.hasPostQuantConv
    midBlockAddAttention = structure.hasAttention
    // Small autoencoders, which are not published ones, have fewer channels than the 32 groups allow for.
    if !structure.channels.allSatisfy({ $0 % normNumGroups == 0 }) {
      normNumGroups = [16, 8, 4, 2, 1].first { groups in structure.channels.allSatisfy { $0 % groups == 0 } } ?? 1
    }
  }
}

extension CLIPTextConfig {
  init(_ encoder: TextEncoderStructure, hasProjection: Bool, isOpenCLIP: Bool) {
    self.init()
    vocabularySize = encoder.vocabulary
    hiddenSize = encoder.width
    intermediateSize = encoder.innerWidth
    layerCount = encoder.layers
    headCount = max(encoder.width / 64, 1)
    positionCount = encoder.positions
    activation = isOpenCLIP ? .gelu : .quickGelu
    projectionSize = encoder.projection ?? (isOpenCLIP ? 512 : 768)
    endTokenID = encoder.vocabulary - 1
    architectures = [hasProjection ? "CLIPTextModelWithProjection" : "CLIPTextModel"]
  }
}

extension SchedulerConfig {
  /// The noise schedule all published models share, with the sampler their folders name.
  init(_ layout: SingleFileLayout, _ prediction: SingleFilePrediction) {
    if let edm = prediction.levels.edm {
      self.init(edm: edm, className: prediction.levels.className, predictionType: prediction.type)
      return
    }
    self.init()
    layout.traits.nameSampler(of: &self, layout.kind)
    stepsOffset = 1
    setAlphaToOne = false
    predictionType = prediction.type
    rescaleBetasZeroSNR = prediction.hasZeroTerminalSNR
    // Such a schedule must start at its very end (Lin et al. 2024).
    if prediction.hasZeroTerminalSNR { spacing = .trailing }
  }

  /// The schedule as it was published, which keeps some signal to its end.
  var withSignal: SchedulerConfig {
    var config = self
    (config.rescaleBetasZeroSNR, config.spacing) = (false, .leading)
    return config
  }
}
