import Foundation
import Generation
import Images
import TensorCore

/// Whether a decoder's pictures have the embeddings they were drawn for, and show what texts say, by the contrastive
/// model.
package struct DecoderScore: Sendable {
  /// Mean cosine between the embedding of a drawn picture and the one it was drawn for, a picture's own; and between
  /// that and the mean of all, which a picture that knows nothing of it would have.
  package let cosine, cosineOfMean: Double
  /// Shares that find their text among 64: of pictures drawn through the prior, of pictures drawn from the text's own
  /// embedding in place of the prior's (§5.1), of true ones.
  package let found, foundWithoutPrior, foundOfReal: Double
  package let count: Int

  private static let batch = 64

  package init(
    _ model: UnCLIP, _ pictures: EmbeddedPictures, _ indices: [Int], _ asked: PriorSettings,
    _ settings: DecoderSettings, seed: UInt64
  ) throws {
    var (cosines, right, rightWithoutPrior, rightOfReal) = (0.0, 0, 0, 0)
    let side = model.contrastive.image.config.sampleSize
    for start in stride(from: 0, to: indices.count, by: Self.batch) {
      let part = Array(indices[start..<min(start + Self.batch, indices.count)])
      let (captions, seeds) = (part.map { pictures.captions[$0] }, part.map { seed &+ UInt64($0) })
      let (real, told) = (pictures.embeddings(part), model.contrastive.embeddings(of: captions))
      func seen(_ drawn: Tensor) -> Tensor {
        // As a file has them: within the range, in 8 bits.
        let images = ImageTensor.images(drawn).map { $0.resized(width: side, height: side, filter: .area) }
        return model.contrastive.embedding(ofPictures: ImageTensor.pack(images))
      }
      let again = seen(try model.pictures(ofEmbeddings: real, seeds: seeds, settings))
      cosines += again.rowProducts(real).reduce(0) { $0 + Double($1) }
      right += CaptionSearch.found(
        seen(try model.pictures(of: captions, seeds: seeds, asked, settings)), told, captions)
      rightWithoutPrior += CaptionSearch.found(
        seen(try model.pictures(ofEmbeddings: told, seeds: seeds, settings)), told, captions)
      rightOfReal += CaptionSearch.found(real, told, captions)
    }
    count = indices.count
    let real = pictures.embeddings(indices)
    let means = pictures.statistics.mean.unitRows.broadcast(to: real.shape).rowProducts(real)
    cosine = cosines / Double(count)
    cosineOfMean = means.reduce(0) { $0 + Double($1) } / Double(count)
    (found, foundWithoutPrior, foundOfReal) = (
      Double(right) / Double(count), Double(rightWithoutPrior) / Double(count), Double(rightOfReal) / Double(count)
    )
  }

  /// In words.
  package var lines: [String] {
    [
      String(
        format:
          "pictures drawn from the embeddings of %d kept back have them with cosine %.3f (the mean embedding %.3f)",
        count, cosine, cosineOfMean),
      String(
        format: "texts found among 64 by pictures drawn through the prior: %.1f %% (true pictures %.1f %%, "
          + "pictures drawn from the text's own embedding %.1f %%)", 100 * found, 100 * foundOfReal,
        100 * foundWithoutPrior),
    ]
  }
}
