import Checkpoints
import Foundation
import Generation
import Models

/// Pictures as latents of a finished autoencoder: encoded once and kept in a folder between runs.
package struct EncodedPictures {
  let data: DataRecipe
  /// Side of the pictures.
  let size: Int
  /// The autoencoder's folder; relative to the working directory, or else to the folder of `Pipelines/`.
  let autoencoder: String
  /// Where the latents are kept.
  let cache: String
  let precision: Precision
  /// What is cut out of the pictures for networks that fill holes, kept beside their latents; nil for nothing.
  let masks: TrainingMasks?

  package init(
    data: DataRecipe, size: Int, autoencoder: String, cache: String, precision: Precision, masks: TrainingMasks? = nil
  ) {
    (self.data, self.size, self.autoencoder, self.cache) = (data, size, autoencoder, cache)
    (self.precision, self.masks) = (precision, masks)
  }

  /// The autoencoder's folder.
  var folder: URL { DataLocation.url(autoencoder) }

  package func loadAutoencoder() throws -> AutoencoderKL {
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

  /// The latents, made as far as the cache does not hold them; nil if the run was told to stop meanwhile.
  package func open(_ autoencoder: AutoencoderKL, _ context: RunContext) throws -> LatentCache? {
    let pictures = try data.open(note: context.note)
    guard pictures.count > 0 else { throw TrainingError.noData(path: data.path, reason: "has no pictures") }
    let encoder = LatentEncoder(
      data: pictures, size: size, autoencoder: autoencoder, dtype: precision.dtype, masks: masks)
    let (total, started) = (pictures.count, Date())
    var made = 0
    let found = try LatentCache.open(
      URL(fileURLWithPath: cache), count: total, identity: try identity(encoder), note: context.note,
      shouldStop: context.shouldStop
    ) { range in
      let shard = try encoder.encode(range, shouldStop: context.shouldStop)
      made += range.count
      let rate = Double(made) / max(Date().timeIntervalSince(started), 1e-9)
      let minutes = Int((Double(total - range.upperBound) / rate / 60).rounded(.up))
      if shard != nil {
        context.note("encoded \(range.upperBound)/\(total) pictures, \(Int(rate)) a second, \(minutes) min left")
      }
      return shard
    }
    if found == nil { context.note("stopped while pictures were encoded; run again to go on") }
    return found
  }

  /// What decides the latents, by content: another place of the same files makes no difference, and neither do more
  /// scenes.
  func identity(_ encoder: LatentEncoder) throws -> RunIdentity {
    var facts = ["autoencoder": try encoderHash(), "size": "\(size)", "pictures": try probe(encoder)]
    if let vocabulary = data.vocabulary {
      facts["vocabulary"] = ContentHash.hex([try Data(contentsOf: DataLocation.url(vocabulary))])
    }
    if let masks { facts.merge(try RunIdentity(of: ["masks": masks]).values) { $1 } }
    if data.kind != .scenes { facts["count"] = "\(encoder.data.count)" }
    return try RunIdentity(of: data, ignoring: DataRecipe.incidental + ["path", "vocabulary", "count"], facts: facts)
  }

  /// Of the weights pictures are encoded with; the decoder may go on learning.
  private func encoderHash() throws -> String {
    let (weights, part) = (try TensorFile(folder: folder, names: ["diffusion_pytorch_model"]), ModelFolder(folder))
    var pieces = [Data(try RunIdentity(of: part.decode(AutoencoderKLConfig.self)).text.utf8)]
    for key in weights.keys.sorted() where key.hasPrefix("encoder.") || key.hasPrefix("quant_conv.") {
      pieces.append(Data(key.utf8))
      weights.raw(key)?.withBytes { pieces.append(Data($0)) }
    }
    return ContentHash.hex(pieces)
  }

  /// Of some pictures and captions: other drawings, or another way to draw, make other ones.
  private func probe(_ encoder: LatentEncoder) throws -> String {
    let pictures = try encoder.pictures(0..<min(8, encoder.data.count))
    return ContentHash.hex(pictures.flatMap { [Data($0.example.image.pixels), Data($0.example.caption.utf8)] })
  }
}
