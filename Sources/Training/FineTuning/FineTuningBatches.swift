import Conditioning
import Foundation
import Generation
import Images
import Models
import TensorCore

/// The pictures of a folder, in buckets, as latents with texts; encoded once and kept on disk.
struct FineTuningBatches: BatchSource {
  /// One example: a picture and the shape it is brought to. Repeats are examples of their own.
  struct Example: Sendable {
    let picture: TrainingPicture
    let shape: Buckets.Shape
  }

  let examples: [Example]
  let encoder: PictureEncoder
  let texts: CachedTexts
  let rules: CaptionRules
  let flips: Bool

  var count: Int { examples.count }

  /// The shapes in use, with the examples of each.
  var buckets: [(shape: Buckets.Shape, examples: [Int])] {
    Dictionary(grouping: examples.indices) { examples[$0].shape }
      .map { ($0.key, $0.value) }
      .sorted { ($0.shape.width, $0.shape.height) < ($1.shape.width, $1.shape.height) }
  }

  func order(batch: Int, seed: UInt64) -> any ExampleOrder {
    GroupedOrder(groups: buckets.map(\.examples), size: batch, seed: seed)
  }

  func batch(_ draws: [Draw], random: inout [ExampleRandom]) throws -> LatentBatch {
    var captions: [String] = []
    var encoded: [PictureEncoder.Encoded] = []
    for (row, draw) in draws.enumerated() {
      let example = examples[draw.index]
      captions.append(rules.draw(example.picture.caption, random: &random[row]))
      let isFlipped = flips && random[row].uniform() < 0.5
      encoded.append(try encoder.encode(example, isFlipped: isFlipped))
    }
    let rows = encoded.indices.map { encoder.latents(encoded[$0], random: &random[$0]) }
    var batch = LatentBatch(latents: .concatenate(rows, axis: 0), text: try texts.batch(captions))
    batch.sizes = encoded.map(\.sizes)
    let weights = draws.map { examples[$0.index].picture.weight }
    if weights.contains(where: { $0 != 1 }) { batch.weights = weights }
    if encoder.isMasked { batch.mask = .concatenate(encoded.compactMap(\.mask), axis: 0) }
    return batch
  }

  /// Encodes everything that is not kept yet.
  /// - Parameter report: told how many pictures are done.
  func prepare(shouldStop: () -> Bool, report: (_ done: Int, _ of: Int) -> Void) throws -> Bool {
    var seen: Set<String> = []
    let distinct = examples.filter { seen.insert("\($0.picture.hash) \($0.shape)").inserted }
    for (done, example) in distinct.enumerated() {
      if shouldStop() { return false }
      for isFlipped in flips ? [false, true] : [false] { _ = try encoder.encode(example, isFlipped: isFlipped) }
      if rules.isFixed { _ = try texts.batch([example.picture.caption]) }
      report(done + 1, distinct.count)
    }
    return true
  }
}

/// Pictures to latents, kept on disk by content.
struct PictureEncoder {
  /// What is kept of a picture.
  struct Encoded {
    /// Unscaled, `[1, h, w, C]`; no deviation where the encoder says one thing.
    let mean: Tensor
    let deviation: Tensor?
    /// `[1, h, w, 1]`.
    let mask: Tensor?
    /// Original height and width, crop top and left, target height and width.
    let sizes: [Float]
  }

  let codec: LatentCodec
  let cache: ContentCache
  /// What the autoencoder is.
  let autoencoder: String
  let isMasked: Bool

  func encode(_ example: FineTuningBatches.Example, isFlipped: Bool) throws -> Encoded {
    let (picture, shape) = (example.picture, example.shape)
    let crop = Crop(width: picture.width, height: picture.height, shape)
    let key = [
      "latents 1", picture.hash, "\(shape)", "\(crop)", isFlipped ? "mirrored" : "", isMasked ? "masked" : "",
      autoencoder, codec.precision.rawValue,
    ]
    let kept = try cache.tensors(key) {
      let image = try ImageFile.load(picture.url)
      var pixels = crop.apply(image.channels == 4 ? image.composited(over: (255, 255, 255)) : image)
      if isFlipped { pixels = pixels.flippedHorizontally() }
      let encoded = try codec.distribution(ImageTensor.pack([pixels.converted(toChannels: 3)]))
      var tensors = [("mean", encoded.mean)]
      if let deviation = encoded.deviation { tensors.append(("deviation", deviation)) }
      if isMasked { tensors.append(("mask", try mask(picture, image, crop, isFlipped, like: encoded.mean.shape))) }
      return tensors
    }
    guard let mean = kept["mean"] else {
      throw TrainingError.noData(path: cache.folder.path, reason: "an entry holds no latents; remove the folder")
    }
    return Encoded(
      mean: mean, deviation: kept["deviation"], mask: kept["mask"],
      sizes: [picture.height, picture.width, crop.top, crop.left, shape.height, shape.width].map(Float.init))
  }

  private func mask(
    _ picture: TrainingPicture, _ image: Image, _ crop: Crop, _ isFlipped: Bool, like latents: [Int]
  ) throws -> Tensor {
    let (height, width) = (latents[1], latents[2])
    guard let found = try MaskFile.load(picture.url, image) else {
      return Tensor(repeating: 1, shape: [1, height, width, 1])
    }
    var mask = crop.apply(found)
    if isFlipped { mask = mask.flippedHorizontally() }
    let small = mask.resized(width: width, height: height, filter: .area).converted(toChannels: 1)
    return Tensor(small.pixels.map { Float($0) / 255 }, shape: [1, height, width, 1])
  }

  /// Latents drawn from what was kept, scaled for diffusion.
  func latents(_ encoded: Encoded, random: inout ExampleRandom) -> Tensor {
    guard let deviation = encoded.deviation else { return codec.scaled(encoded.mean) }
    return codec.scaled(encoded.mean + deviation * random.normal(deviation.shape))
  }
}

/// How a picture is brought to a shape: scaled down until it just covers it, the middle kept.
package struct Crop: CustomStringConvertible {
  package let width, height, left, top: Int
  let shape: Buckets.Shape

  package init(width: Int, height: Int, _ shape: Buckets.Shape) {
    let scale = max(Double(shape.width) / Double(width), Double(shape.height) / Double(height))
    self.width = max(Int((Double(width) * scale).rounded()), shape.width)
    self.height = max(Int((Double(height) * scale).rounded()), shape.height)
    (left, top) = ((self.width - shape.width) / 2, (self.height - shape.height) / 2)
    self.shape = shape
  }

  package var description: String { "\(width)x\(height)+\(left)+\(top)" }

  func apply(_ image: Image) -> Image {
    let isSame = image.width == width && image.height == height
    let scaled = isSame ? image : image.resized(width: width, height: height, filter: .area)
    return scaled.cropped(x: left, y: top, width: shape.width, height: shape.height)
  }
}

/// Captions to what the network reads.
struct CachedTexts {
  let rows: TextRows
  let dtype: DType
  /// nil while the text encoders, or words for them, are learnt: then captions go through them at every step.
  let cache: ContentCache?
  /// What the text encoders are.
  let encoders: String
  /// A word that is learnt.
  var word: TextualInversion?

  func batch(_ captions: [String]) throws -> TextBatch {
    guard let cache else {
      let ids = captions.map { rows.tokens($0, word: word) }
      return .tokens((0..<rows.encoderCount).map { encoder in ids.map { $0[encoder] } })
    }
    return .encoded(
      try captions.map { caption in
        let kept = try cache.tensors([
          "text 1", caption, encoders, dtype.elementType.rawValue, "\(rows.clipSkip ?? -1)",
        ]) {
          let made = try rows.encode(rows.tokens(caption).map { [$0] }, dtype: dtype)
          return [("context", made.context), ("pooled", made.pooled)].compactMap { name, value in
            value.map { (name, $0) }
          }
        }
        guard let context = kept["context"] else {
          throw TrainingError.noData(path: cache.folder.path, reason: "an entry holds no text; remove the folder")
        }
        return NetworkConditioning(context: context, pooled: kept["pooled"])
      })
  }
}
