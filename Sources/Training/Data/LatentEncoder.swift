import Foundation
import Generation
import Images
import Models
import TensorCore

/// Pictures through an autoencoder into latents: drawn on all cores, then encoded on all cores, a batch at a time.
package struct LatentEncoder {
  let data: any CaptionedImages
  /// Side of the pictures.
  let size: Int
  let autoencoder: AutoencoderKL
  let dtype: DType
  /// What is cut out of the pictures for networks that fill holes; nil for nothing.
  var masks: TrainingMasks?
  /// Pictures encoded together.
  private static let batch = 16

  /// - Parameter shouldStop: asked before each batch; true ends with nil.
  func encode(_ range: Range<Int>, shouldStop: () -> Bool) throws -> LatentCache.Shard? {
    var (parts, captions, truths) = ([Tensor](), [String](), [SceneTruth]())
    for first in stride(from: range.lowerBound, to: range.upperBound, by: Self.batch) {
      if shouldStop() { return nil }
      let pictures = try pictures(first..<min(first + Self.batch, range.upperBound))
      captions += pictures.map(\.example.caption)
      truths += pictures.compactMap(\.truth)
      parts.append(rows(pictures, first: first).cast(to: .f16))
    }
    return LatentCache.Shard(latents: Tensor.concatenate(parts, axis: 0), captions: captions, truths: truths)
  }

  /// What is kept of pictures: their latents and, with masks, the mask and the latents of what it leaves (`LatentContext`).
  /// - Parameter first: the first picture's index.
  private func rows(_ pictures: [Picture], first: Int) -> Tensor {
    let images = pictures.map(\.example.image)
    guard let masks else { return latents(images) }
    let cut = pictures.enumerated().map { masks.mask(first + $0, side: size, figure: $1.truth?.box) }
    let downscale = autoencoder.downscale
    return .concatenate(
      [
        latents(images), .concatenate(cut.map { $0.latents(downscale: downscale) }, axis: 0),
        latents(ImageTensor.pack(images) * .concatenate(cut.map(\.kept), axis: 0)),
      ], axis: 3)
  }

  /// Means of pictures' latents, scaled for diffusion, float32.
  func latents(_ images: [Image]) -> Tensor { latents(ImageTensor.pack(images)) }

  private func latents(_ pixels: Tensor) -> Tensor {
    autoencoder.encode(pixels.cast(to: dtype)).mean * autoencoder.config.scalingFactor
  }

  /// A picture with what is known of it.
  typealias Picture = (example: CaptionedImage, truth: SceneTruth?)

  /// Pictures in order. Drawn ones may be made on any thread; folders report what they skip on this one.
  func pictures(_ range: Range<Int>) throws -> [Picture] {
    guard let described = data as? any DescribedImages else {
      return try range.map { (try data.example($0, size: size), nil) }
    }
    let side = size
    return try ConcurrentReading.map(Array(range)) { index in
      let found = try described.described(index, size: side)
      return (found.example, found.truth)
    }
  }
}
