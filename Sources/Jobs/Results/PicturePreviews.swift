import Foundation
import Generation
import Images
import TensorCore

/// Pictures of where a run seems to end, written while it goes on.
public struct PreviewOptions: Sendable {
  /// Steps between two of them.
  public var every: Int
  /// TAESD's file or folder; nil decodes with the model's own autoencoder, which takes longer.
  public var taesd: String?

  public init(every: Int, taesd: String? = nil) {
    (self.every, self.taesd) = (every, taesd)
  }
}

/// Writes the previews of one batch beside its pictures: `NAME-step-004.png`.
struct PicturePreviews {
  private let every: Int
  private let codec: LatentCodec
  /// Of the batch's pictures.
  private let urls: [URL]
  /// The row of each in the batch.
  private let rows: [Int]
  /// Whether those of an earlier run lose their place.
  private let replaces: Bool
  private var steps = 0

  init(
    _ options: PreviewOptions, _ tiny: TinyAutoencoder?, _ loaded: LoadedPipeline, urls: [URL], rows: [Int],
    replaces: Bool
  ) throws {
    try tiny?.check(channels: loaded.components.autoencoder.latentChannels)
    guard tiny == nil || !loaded.components.autoencoder.isNormalized else {
      throw JobError.badValue(
        name: "`taesd`", value: options.taesd ?? "",
        reason: "the model's latents are normalised (latents_mean), which TAESD does not know: leave it out")
    }
    codec = LatentCodec(
      tiny.map { .tiny($0) } ?? loaded.components.autoencoder, precision: loaded.pipeline.precision)
    (every, self.urls, self.rows, self.replaces) = (options.every, urls, rows, replaces)
  }

  /// Writes the pictures of a step if it is their turn.
  /// - Parameter clean: latents where the run seems to end.
  mutating func show(_ clean: Tensor) throws {
    steps += 1
    guard steps % every == 0 else { return }
    let number = String(steps)
    let padded = String(repeating: "0", count: max(0, 3 - number.count)) + number
    for (url, row) in zip(urls, rows) {
      let pixels = try codec.decode(clean.slice(axis: 0, from: row, count: 1))
      let ending = url.pathExtension == "safetensors" ? "png" : url.pathExtension
      let stem = url.deletingPathExtension().lastPathComponent
      let file = url.deletingLastPathComponent().appendingPathComponent("\(stem)-step-\(padded).\(ending)")
      let free = replaces ? file : NewNames.free(file)
      try ImageFile.save(ImageTensor.images(pixels)[0], to: free, text: [])
    }
  }
}
