import Diffusion
import Generation
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

  init(_ latents: LatentCache, texts: TextRows, captionDropout: Float) {
    (self.latents, self.captionDropout) = (latents, captionDropout)
    let rows = latents.captions.map { texts.tokens($0) }
    tokens = texts.conditioners.indices.map { encoder in rows.map { $0[encoder] } }
    empty = texts.tokens("")
  }

  var count: Int { latents.count }

  func batch(_ draws: [Draw], random: inout [ExampleRandom]) -> LatentBatch {
    let isEmpty = random.indices.map { random[$0].uniform() < captionDropout }
    let ids = tokens.indices.map { encoder in
      zip(draws, isEmpty).map { $1 ? empty[encoder] : tokens[encoder][$0.index] }
    }
    return LatentBatch(latents: latents.batch(draws.map(\.index)), text: .tokens(ids))
  }
}
