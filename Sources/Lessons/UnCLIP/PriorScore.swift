import Foundation
import Generation
import TensorCore

/// How close a prior's embeddings are to those of the pictures that were kept back, beside what else could be given in
/// their place.
package struct PriorScore: Sendable {
  /// Mean cosines with the true embedding: of the prior's, of the mean of all, of the text's own.
  package let cosine, cosineOfMean, cosineOfText: Double
  /// Of another picture with the same caption, and for how many there is one; what a perfect prior would have.
  package let cosineOfTwin: Double?
  package let twins: Int
  /// Energy distances to the true embeddings: of the prior's, of the texts', of others that are true.
  package let distance, distanceOfText, distanceOfReal: Double
  /// Share that finds its caption among 64: of the prior's, of the true ones.
  package let found, foundOfReal: Double
  package let count: Int

  /// How much is known beyond the mean.
  package var gain: Double { cosine - cosineOfMean }

  private static let batch = 64

  package init(
    _ prior: UnCLIPPrior, _ model: ContrastiveModel, _ pictures: EmbeddedPictures, _ settings: PriorSettings,
    seed: UInt64
  ) throws {
    let indices = Array(pictures.heldBackIndices)
    var (drawn, texts): ([Tensor], [Tensor]) = ([], [])
    var (right, rightOfReal) = (0, 0)
    for start in stride(from: 0, to: indices.count, by: Self.batch) {
      let part = Array(indices[start..<min(start + Self.batch, indices.count)])
      let captions = part.map { pictures.captions[$0] }
      let told = model.embeddings(of: captions)
      let made = try prior.embeddings(
        of: captions, model, seeds: part.map { seed &+ UInt64($0) }, settings)
      right += CaptionSearch.found(made, told, captions)
      rightOfReal += CaptionSearch.found(pictures.embeddings(part), told, captions)
      drawn.append(made)
      texts.append(told)
    }
    let (own, text) = (Tensor.concatenate(drawn, axis: 0), Tensor.concatenate(texts, axis: 0))
    let real = pictures.embeddings(indices)
    func mean(_ values: [Float]) -> Double { values.reduce(0) { $0 + Double($1) } / Double(max(values.count, 1)) }
    cosine = mean(own.rowProducts(real))
    cosineOfMean = mean((pictures.statistics.mean.unitRows).broadcast(to: real.shape).rowProducts(real))
    cosineOfText = mean(text.rowProducts(real))
    let pairs = indices.compactMap { index in pictures.twin(of: index).map { (index, $0) } }
    twins = pairs.count
    cosineOfTwin =
      pairs.isEmpty
      ? nil : mean(pictures.embeddings(pairs.map(\.0)).rowProducts(pictures.embeddings(pairs.map(\.1))))
    distance = EnergyDistance.between(own, real)
    distanceOfText = EnergyDistance.between(text, real)
    distanceOfReal = EnergyDistance.between(pictures.embeddings(0..<min(indices.count, pictures.count)), real)
    (found, foundOfReal) = (Double(right) / Double(indices.count), Double(rightOfReal) / Double(indices.count))
    count = indices.count
  }

  /// In words.
  package var lines: [String] {
    let twin =
      cosineOfTwin.map { String(format: ", another picture of the same text (%d of them) %.3f", twins, $0) } ?? ""
    return [
      String(
        format: "cosine with the true embedding of %d kept back %.3f (the mean embedding %.3f, the text's %.3f%@)",
        count,
        cosine, cosineOfMean, cosineOfText, twin),
      String(
        format: "energy distance to true embeddings %.3f (the texts' %.3f, other true ones %.3f); "
          + "captions found among 64: %.1f %% (true embeddings %.1f %%)", distance, distanceOfText, distanceOfReal,
        100 * found, 100 * foundOfReal),
    ]
  }
}

/// Which caption of several an embedding is closest to.
enum CaptionSearch {
  /// How many embeddings `[n, P]` are closest to their own caption's; equal captions count as one.
  /// - Parameter texts: embeddings of the captions, `[n, P]`.
  static func found(_ embeddings: Tensor, _ texts: Tensor, _ captions: [String]) -> Int {
    let nearest = embeddings.matmul(texts, transposeB: true).largestInRows
    return nearest.enumerated().count { captions[$1] == captions[$0] }
  }
}
