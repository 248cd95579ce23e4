import Checkpoints
import Diffusion
import Foundation
import Generation
import ModelFiles
import Models
import NN
import TensorCore
import Training

/// The folder of an unCLIP model: one folder for each part, and for the noise schedule of each.
///
/// Every stage writes what it was given besides what it learnt, so that the last one's folder is the whole model.
package struct UnCLIPFolder: Sendable {
  package let url: URL

  package init(_ url: URL) { self.url = url }

  private func part(_ name: String) -> ModelFolder { ModelFolder(url.appendingPathComponent(name)) }

  private static let weights = "diffusion_pytorch_model"

  /// - Parameter recipe: makes what is not there.
  private func existing(_ name: String, recipe: String) throws -> ModelFolder {
    let part = part(name)
    guard FileManager.default.fileExists(atPath: part.url.path) else {
      throw TrainingError.noData(path: part.url.path, reason: "is not there: imago train \(recipe) makes it")
    }
    return part
  }

  // MARK: - Reading

  /// - Parameter recipe: makes the folder.
  package func contrastive(madeBy recipe: String) throws -> ContrastiveModel {
    try Self.contrastive(existing("contrastive", recipe: recipe).url)
  }

  /// A contrastive model that can say what unCLIP asks: of clean pictures, with a text encoder as wide as its
  /// embeddings.
  package static func contrastive(_ url: URL) throws -> ContrastiveModel {
    guard FileManager.default.fileExists(atPath: url.path) else {
      throw TrainingError.noData(path: url.path, reason: "is not there: imago train unclip-contrastive makes one")
    }
    let model = try ContrastiveModel(url)
    guard model.space == .pixels, model.scheduler == nil else {
      throw TrainingError.noData(
        path: url.path, reason: "sees latents or noise; train one on clean pictures: without autoencoder and scheduler")
    }
    let hidden = model.text.model.config.hiddenSize
    guard hidden == model.width else {
      throw TrainingError.noData(
        path: url.path,
        reason: "has text states of \(hidden) numbers and embeddings of \(model.width); the prior needs them equal")
    }
    return model
  }

  /// - Parameter model: whose embeddings it draws.
  package func prior(for model: ContrastiveModel, dtype: DType) throws -> UnCLIPPrior {
    let part = try existing("prior", recipe: "unclip-prior")
    let config = try part.decode(PriorTransformerConfig.self)
    try require(
      config.embeddingDim == model.width && config.embeddingCount == model.text.model.config.positionCount, of: part,
      "belongs to another contrastive model: embedding_dim and num_embeddings are not this one's")
    return UnCLIPPrior(
      network: try part.load { path, _ in PriorTransformer(path, config) }.model, scheduler: try scheduler("prior"),
      dtype: dtype)
  }

  /// - Parameter model: whose embeddings it reads.
  package func decoder(for model: ContrastiveModel, dtype: DType) throws -> UnCLIPDecoder {
    let (unet, tokens) = (try existing("decoder", recipe: "unclip-decoder"), part("decoder_tokens"))
    let config = try unet.decode(UNet2DConditionConfig.self)
    let sizes = try tokens.decode(ImageEmbeddingTokensConfig.self)
    try require(
      config.inChannels == 3 && config.outChannels == 3 && config.additionEmbedType != "text_time", of: unet,
      "is no decoder of pictures: in_channels and out_channels must be 3, addition_embed_type text or none")
    try require(
      sizes.embeddingDim == model.width && (1...256).contains(sizes.tokens)
        && sizes.crossAttentionDim == config.crossAttentionDim, of: tokens,
      "does not go with the contrastive model (embedding_dim) or the decoder (cross_attention_dim)")
    return UnCLIPDecoder(
      tokens: try tokens.load { path, _ in ImageEmbeddingTokens(path, sizes) }.model,
      network: try unet.load { path, _ in UNet2DConditionModel(path, config) }.model,
      scheduler: try scheduler("decoder"), dtype: dtype)
  }

  /// nil where the folder has none.
  package func enlarger(dtype: DType) throws -> UnCLIPEnlarger? {
    let part = part("enlarger")
    guard FileManager.default.fileExists(atPath: part.url.path) else { return nil }
    let (config, small) = (try part.decode(UNet2DConfig.self), try scheduler("enlarger_small"))
    try require(
      config.inChannels == 6 && config.outChannels == 3 && config.classCount == small.trainSteps, of: part,
      "enlarges nothing: in_channels must be 6, out_channels 3, num_class_embeds the timesteps of enlarger_small_scheduler"
    )
    return UnCLIPEnlarger(
      network: try part.load { path, _ in UNet2DModel(path, config) }.model, scheduler: try scheduler("enlarger"),
      smallScheduler: small, dtype: dtype)
  }

  /// The whole model.
  package func model(dtype: DType) throws -> UnCLIP {
    let model = try contrastive(madeBy: "unclip-enlarger")
    return UnCLIP(
      contrastive: model, prior: try prior(for: model, dtype: dtype), decoder: try decoder(for: model, dtype: dtype),
      enlarger: try enlarger(dtype: dtype))
  }

  private func require(_ holds: Bool, of part: ModelFolder, _ reason: String) throws {
    if !holds { throw TrainingError.noData(path: part.url.path, reason: reason) }
  }

  private func scheduler(_ name: String) throws -> SchedulerConfig {
    try part("\(name)_scheduler").decode(SchedulerConfig.self, from: Self.schedulerFile)
  }

  private static let schedulerFile = "scheduler_config.json"

  /// What decides what a folder's networks say, by content.
  package func hash() throws -> String {
    let names = try FileManager.default.subpathsOfDirectory(atPath: url.path).sorted()
    let files = names.filter { $0.hasSuffix(".safetensors") || $0.hasSuffix(".json") }
    return ContentHash.hex(
      try files.flatMap { [Data($0.utf8), try Data(contentsOf: url.appendingPathComponent($0))] })
  }

  // MARK: - Writing

  /// Copies the parts of another folder.
  package func take(_ other: URL) throws { try DiffusersFolder.copy(other, to: url) }

  package func takeContrastive(_ model: URL) throws {
    try DiffusersFolder.copy(model, to: url.appendingPathComponent("contrastive"))
  }

  private func save(_ scheduler: SchedulerConfig, of name: String) throws {
    let place = part("\(name)_scheduler").url
    try RunFiles.makeFolder(place)
    try ModelFolder.writeJSON(
      scheduler, className: scheduler.className, to: place.appendingPathComponent(Self.schedulerFile))
  }

  package func save(_ prior: UnCLIPPrior, _ parameters: [Parameter]) throws {
    try part("prior").save(
      parameters, config: prior.network.config, className: "PriorTransformer", name: Self.weights, dtype: .f16)
    try save(prior.scheduler, of: "prior")
  }

  package func save(_ decoder: UnCLIPDecoder, tokens: [Parameter], network: [Parameter]) throws {
    try part("decoder").save(
      network, config: decoder.network.config, className: "UNet2DConditionModel", name: Self.weights, dtype: .f16)
    try part("decoder_tokens").save(
      tokens, config: decoder.tokens.config, className: "ImageEmbeddingTokens", name: Self.weights, dtype: .f16)
    try save(decoder.scheduler, of: "decoder")
  }

  package func save(_ enlarger: UnCLIPEnlarger, _ parameters: [Parameter]) throws {
    try part("enlarger").save(
      parameters, config: enlarger.network.config, className: "UNet2DModel", name: Self.weights, dtype: .f16)
    try save(enlarger.scheduler, of: "enlarger")
    try save(enlarger.smallScheduler, of: "enlarger_small")
  }
}
