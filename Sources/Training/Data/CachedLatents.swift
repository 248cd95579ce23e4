import Conditioning
import TensorCore

/// Encoded pictures of one size with the tokens of their captions.
package struct CachedLatents: BatchSource {
  let latents: LatentCache
  /// For each encoder and picture a row.
  let tokens: [[TextRows.Row]]
  /// What stands for no caption, for each encoder.
  let empty: [TextRows.Row]
  /// How often a caption is left out, which makes guidance possible (Ho & Salimans 2022).
  package var captionDropout: Float
  /// More scenes with a single thing at first: their share, and for how many batches.
  var singles: (share: Double, batches: Int)?

  /// Channels of a latent; what the cache has behind them is joined to noisy ones.
  let channels: Int
  /// Examples at the end that no batch has.
  let heldBack: Int

  /// - Parameters:
  ///   - channels: of a latent; nil for all the cache has.
  ///   - heldBack: examples at the end that no batch has; fewer than there are.
  package init(
    _ latents: LatentCache, texts: TextRows, captionDropout: Float, channels: Int? = nil, heldBack: Int = 0
  ) {
    (self.latents, self.captionDropout, self.heldBack) = (latents, captionDropout, heldBack)
    self.channels = channels ?? latents.latentShape[2]
    let rows = latents.captions.map { texts.tokens($0) }
    tokens = (0..<texts.encoderCount).map { encoder in rows.map { $0[encoder] } }
    empty = texts.tokens("")
  }

  package var count: Int { latents.count - heldBack }

  package func order(batch: Int, seed: UInt64) -> any ExampleOrder {
    guard let singles else { return ShuffledOrder(count: count, size: batch, seed: seed) }
    let kinds = latents.kinds
    return MixedOrder(
      chosen: kinds.single, others: kinds.others, share: singles.share, batches: singles.batches, size: batch,
      seed: seed)
  }

  package func batch(_ draws: [Draw], random: inout [ExampleRandom]) -> LatentBatch {
    let isEmpty = random.indices.map { random[$0].uniform() < captionDropout }
    let ids = tokens.indices.map { encoder in
      zip(draws, isEmpty).map { $1 ? empty[encoder] : tokens[encoder][$0.index] }
    }
    let kept = latents.batch(draws.map(\.index))
    let further = latents.latentShape[2] - channels
    var batch = LatentBatch(latents: kept.slice(axis: 3, from: 0, count: channels), text: .tokens(ids))
    if further > 0 { batch.joined = kept.slice(axis: 3, from: channels, count: further) }
    if !latents.truths.isEmpty { batch.truths = draws.map { latents.truths[$0.index] } }
    return batch
  }
}

extension LatentCache {
  /// Scenes with a single figure, and the others.
  var kinds: (single: [Int], others: [Int]) {
    (truths.indices.filter { truths[$0].figures == 1 }, truths.indices.filter { truths[$0].figures != 1 })
  }
}
