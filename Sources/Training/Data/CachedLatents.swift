import Conditioning
import TensorCore

/// Encoded pictures of one size with the tokens of their captions.
struct CachedLatents: BatchSource {
  let latents: LatentCache
  /// For each encoder and picture a row.
  let tokens: [[TextRows.Row]]
  /// What stands for no caption, for each encoder.
  let empty: [TextRows.Row]
  /// How often a caption is left out, which makes guidance possible (Ho & Salimans 2022).
  let captionDropout: Float
  /// More scenes with a single thing at first: their share, and for how many batches.
  var singles: (share: Double, batches: Int)?

  init(_ latents: LatentCache, texts: TextRows, captionDropout: Float) {
    (self.latents, self.captionDropout) = (latents, captionDropout)
    let rows = latents.captions.map { texts.tokens($0) }
    tokens = (0..<texts.encoderCount).map { encoder in rows.map { $0[encoder] } }
    empty = texts.tokens("")
  }

  var count: Int { latents.count }

  func order(batch: Int, seed: UInt64) -> any ExampleOrder {
    guard let singles else { return ShuffledOrder(count: count, size: batch, seed: seed) }
    let kinds = latents.kinds
    return MixedOrder(
      chosen: kinds.single, others: kinds.others, share: singles.share, batches: singles.batches, size: batch,
      seed: seed)
  }

  func batch(_ draws: [Draw], random: inout [ExampleRandom]) -> LatentBatch {
    let isEmpty = random.indices.map { random[$0].uniform() < captionDropout }
    let ids = tokens.indices.map { encoder in
      zip(draws, isEmpty).map { $1 ? empty[encoder] : tokens[encoder][$0.index] }
    }
    var batch = LatentBatch(latents: latents.batch(draws.map(\.index)), text: .tokens(ids))
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
