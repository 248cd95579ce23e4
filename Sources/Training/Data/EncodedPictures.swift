import Checkpoints
import Foundation
import Generation
import Models

/// Pictures as latents of a finished autoencoder: encoded once and kept in a file between runs.
struct EncodedPictures {
  let data: DataRecipe
  /// Side of the pictures.
  let size: Int
  /// The autoencoder's folder; relative to the working directory, or else to the folder of `Pipelines/`.
  let autoencoder: String
  /// Where the latents are kept.
  let cache: String
  let precision: Precision

  /// The autoencoder's folder.
  var folder: URL { DataLocation.url(autoencoder) }

  func loadAutoencoder() throws -> AutoencoderKL {
    guard FileManager.default.fileExists(atPath: folder.path) else {
      throw TrainingError.noData(
        path: autoencoder,
        reason: "there is no such autoencoder: train it first (the recipe's head says how), or name another")
    }
    let part = ModelFolder(folder)
    let config = try part.decode(AutoencoderKLConfig.self)
    guard config.latentsMean == nil, (config.shiftFactor ?? 0) == 0 else {
      throw TrainingError.badRecipe(
        path: folder.path, reason: "latents_mean, latents_std and shift_factor are not supported in training")
    }
    return try part.load { path, _ in AutoencoderKL(path, config) }.model
  }

  /// The latents, from the cache if it holds those of the same pictures.
  func open(_ autoencoder: AutoencoderKL, _ context: RunContext) throws -> LatentCache {
    let url = URL(fileURLWithPath: cache)
    let identity = try RunIdentity(
      of: data, ignoring: DataRecipe.incidental,
      facts: ["autoencoder": RunIdentity(of: autoencoder.config).text, "size": "\(size)"])
    if let cache = try LatentCache.open(url, identity: identity) { return cache }
    let data = try data.open(note: context.note)
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    let started = Date()
    return try LatentCache.make(
      data, size: size, autoencoder: autoencoder, scale: autoencoder.config.scalingFactor,
      dtype: precision.dtype, to: url, identity: identity,
      report: { done in
        guard done % 4096 == 0 || done == data.count else { return }
        let rate = Double(done) / max(Date().timeIntervalSince(started), 1e-9)
        context.note("encoded \(done)/\(data.count) pictures, \(Int(rate)) a second")
      })
  }
}
