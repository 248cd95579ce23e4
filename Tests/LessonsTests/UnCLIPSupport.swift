import Conditioning
import Diffusion
import Foundation
import Generation
import Lessons
import ModelFiles
import Models
import NN
import TensorCore
import TestSupport
import Training

/// Tiny recipes of the four stages of unCLIP, in a folder of one test.
struct TinyUnCLIP {
  let folder: ScratchFolder

  init() throws {
    LessonKinds.register()
    folder = try ScratchFolder()
  }

  private let data = "data: {kind: shapes, count: 80, seed: 3}"
  private let scheduler = """
    _class_name: DDIMScheduler, num_train_timesteps: 50, beta_schedule: squaredcos_cap_v2, clip_sample: false,
      timestep_spacing: trailing
    """

  private func loop(_ steps: Int) -> String {
    """
    loop: {steps: \(steps), batch: 4, learning_rate: 0.003, seed: 2, log_every: 1, save_every: 2, sample_every: 100,
      average_decay: 0.9}
    """
  }

  func contrastive(hidden: Int = 8, scheduler: String = "") -> String {
    """
    kind: contrastive
    name: tiny-contrastive
    \(data)
    size: 8
    encoder: {block_out_channels: [8, 8], down_block_types: [DownBlock2D, AttnDownBlock2D], layers_per_block: 1,
      attention_head_dim: 8, norm_num_groups: 4, projection_dim: 8}
    text_encoder: {hidden_size: \(hidden), intermediate_size: 16, num_hidden_layers: 1, num_attention_heads: 2,
      max_position_embeddings: 12, hidden_act: gelu}
    tokenizer: \(tokenizer)
    \(scheduler)
    precision: f32
    validation: 8
    recall_limit: 0
    \(loop(2))
    """
  }

  private var tokenizer: String { fixtureURL("guides/contrastive/tokenizer").path }

  func prior(steps: Int = 4, gain: Double = -2) -> String {
    """
    kind: unclip-prior
    name: tiny-prior
    \(data)
    contrastive: \(path("contrastive/contrastive"))
    transformer: {num_attention_heads: 2, attention_head_dim: 4, num_layers: 1}
    scheduler: {\(scheduler), prediction_type: sample}
    text_dropout: 0.1
    precision: f32
    validation: 64
    sample_steps: 2
    sample_guidance: 2
    candidates: 2
    gain_limit: \(gain)
    \(loop(steps))
    """
  }

  func decoder(steps: Int = 4) -> String {
    """
    kind: unclip-decoder
    name: tiny-decoder
    \(data)
    prior: \(path("prior/model"))
    unet: {sample_size: 8, in_channels: 3, out_channels: 3, block_out_channels: [8, 8], layers_per_block: 1,
      norm_num_groups: 4, down_block_types: [DownBlock2D, CrossAttnDownBlock2D],
      up_block_types: [CrossAttnUpBlock2D, UpBlock2D], attention_head_dim: 2, cross_attention_dim: 8,
      addition_embed_type: text, addition_embed_type_num_heads: 2}
    tokens: 2
    scheduler: {\(scheduler), prediction_type: v_prediction}
    embedding_dropout: 0.2
    precision: f32
    held_back: 8
    validation: 8
    sample_steps: 2
    sample_guidance: 2
    prior_steps: 2
    prior_guidance: 2
    candidates: 1
    recall_limit: 0
    \(loop(steps))
    """
  }

  func enlarger(steps: Int = 4) -> String {
    """
    kind: unclip-enlarger
    name: tiny-enlarger
    \(data)
    decoder: \(path("decoder/model"))
    unet: {sample_size: 16, in_channels: 6, out_channels: 3, block_out_channels: [8, 8], layers_per_block: 1,
      norm_num_groups: 4, down_block_types: [DownBlock2D, DownBlock2D], up_block_types: [UpBlock2D, UpBlock2D],
      attention_head_dim: 8, add_attention: false}
    scheduler: {\(scheduler), prediction_type: v_prediction}
    small: 8
    small_scheduler: {_class_name: DDPMScheduler, num_train_timesteps: 4, beta_schedule: linear, beta_start: 0.01,
      beta_end: 0.1}
    window: 8
    precision: f32
    held_back: 8
    validation: 8
    sample_steps: 2
    sample_level: 1
    gain_limit: -100
    \(loop(steps))
    """
  }

  /// The path of a file of the folder.
  func path(_ name: String) -> String { folder.file(name).path }

  /// Runs a recipe into a folder of its own.
  /// - Returns: what it told.
  @discardableResult
  func run(_ yaml: String, to name: String, _ stop: @escaping () -> Bool = { false }) throws -> [String] {
    let file = folder.file("\(name).yaml")
    try Data(yaml.utf8).write(to: file)
    var notes: [String] = []
    try Recipes.read(file).run(
      in: folder.file(name),
      RunContext(onEvent: { if case .note(let line) = $0 { notes.append(line) } }, shouldStop: stop))
    return notes
  }

  /// Runs every stage.
  func train() throws {
    try run(contrastive(), to: "contrastive")
    try run(prior(), to: "prior")
    try run(decoder(), to: "decoder")
    try run(enlarger(), to: "enlarger")
  }
}

/// Tiny networks with weights drawn by chance.
enum TinyNetworks {
  static let width = 6

  static func scheduler(_ type: PredictionType, steps: Int = 50) -> SchedulerConfig {
    var config = SchedulerConfig()
    config.trainSteps = steps
    config.betaSchedule = .cosine
    config.predictionType = type
    config.clipSample = false
    config.spacing = .trailing
    return config
  }

  /// Weights away from their start, so that no branch is closed.
  static func stirred(_ parameters: [Parameter]) -> [Parameter] {
    for (index, parameter) in parameters.enumerated() {
      var random = ExampleRandom(seed: 4, example: index, epoch: 0)
      parameter.replace(with: parameter.value + random.normal(parameter.shape) * 0.1)
    }
    return parameters
  }

  static func store() -> ParameterStore {
    ParameterStore(RandomInitialization(seed: 1), isTrainable: { _ in true })
  }

  /// Sees pictures of 8 pixels; knows the words of the fixtures' tokenizer.
  static func contrastive() throws -> ContrastiveModel {
    let words = try ContrastiveModel(fixtureURL("guides/contrastive")).text
    var (image, text) = (EncoderUNet2DConfig(), words.model.config)
    (image.sampleSize, image.blockOutChannels, image.projectionDim) = (8, [8], width)
    (image.downBlockTypes, image.attentionHeadDim, image.normNumGroups) = (["DownBlock2D"], 8, 4)
    (text.hiddenSize, text.projectionSize) = (width, width)
    let (images, texts) = (store(), store())
    let model = ContrastiveModel(
      image: EncoderUNet2DModel(images.root, image),
      text: CLIPTextEncoder(tokenizer: words.tokenizer, model: CLIPTextModel(texts.root, text)), logitScale: 10,
      space: .pixels, scheduler: nil, name: "tiny")
    _ = stirred(images.parameters + texts.parameters)
    return model
  }

  static func decoder() throws -> (UnCLIPDecoder, [Parameter]) {
    var config = UNet2DConditionConfig()
    (config.sampleSize, config.inChannels, config.outChannels) = (8, 3, 3)
    (config.blockOutChannels, config.layersPerBlock, config.normNumGroups) = ([8, 8], .one(1), 4)
    config.downBlockTypes = ["DownBlock2D", "CrossAttnDownBlock2D"]
    config.upBlockTypes = ["CrossAttnUpBlock2D", "UpBlock2D"]
    (config.attentionHeadDim, config.crossAttentionDim) = (.one(2), 8)
    (config.additionEmbedType, config.additionEmbedTypeNumHeads) = ("text", 2)
    let (unet, tokens) = (store(), store())
    let sizes = ImageEmbeddingTokensConfig(embeddingDim: width, tokens: 2, crossAttentionDim: 8)
    let decoder = UnCLIPDecoder(
      tokens: ImageEmbeddingTokens(tokens.root, sizes), network: UNet2DConditionModel(unet.root, config),
      scheduler: scheduler(.velocity), dtype: .f32)
    return (decoder, stirred(unet.parameters + tokens.parameters))
  }

  static func enlarger() throws -> (UnCLIPEnlarger, [Parameter]) {
    var config = UNet2DConfig()
    (config.sampleSize, config.inChannels, config.outChannels) = (16, 6, 3)
    (config.blockOutChannels, config.layersPerBlock, config.normNumGroups) = ([8, 8], 1, 4)
    config.downBlockTypes = ["DownBlock2D", "DownBlock2D"]
    config.upBlockTypes = ["UpBlock2D", "UpBlock2D"]
    (config.addAttention, config.classCount) = (false, 4)
    var small = SchedulerConfig()
    (small.className, small.betaSchedule, small.trainSteps) = ("DDPMScheduler", .linear, 4)
    (small.betaStart, small.betaEnd) = (0.01, 0.1)
    let store = store()
    let enlarger = UnCLIPEnlarger(
      network: UNet2DModel(store.root, config), scheduler: scheduler(.velocity), smallScheduler: small, dtype: .f32)
    return (enlarger, stirred(store.parameters))
  }

  /// Rows of length 1.
  static func rows(_ count: Int, seed: UInt64) -> Tensor {
    var random = ExampleRandom(seed: seed, example: 0, epoch: 0)
    return random.normal([count, width]).unitRows
  }
}
