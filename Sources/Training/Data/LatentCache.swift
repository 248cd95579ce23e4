import Checkpoints
import Foundation
import Generation
import Models
import TensorCore

/// Encoded pictures and their captions, made once and kept in a file: training reads them instead of the pictures.
public struct LatentCache: Sendable {
  /// `[N, h, w, C]`, stored as f16, scaled for diffusion.
  public let latents: Tensor
  public let captions: [String]

  public var count: Int { captions.count }
  public var latentShape: [Int] { Array(latents.shape[1...]) }

  /// Opens a cache, or returns nil if there is none or it was made from something else.
  public static func open(_ url: URL, identity: RunIdentity) throws -> LatentCache? {
    guard FileManager.default.fileExists(atPath: url.path) else { return nil }
    let file = try TensorFile(url)
    guard file.metadata["identity"] == identity.text,
      let text = try? String(contentsOf: captionFile(url), encoding: .utf8)
    else { return nil }
    let captions = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    let latents = try file.floatTensor("latents")
    guard latents.rank == 4, captions.count == latents.shape[0] else { return nil }
    return LatentCache(latents: latents, captions: captions)
  }

  private static func captionFile(_ url: URL) -> URL {
    url.deletingPathExtension().appendingPathExtension("captions.txt")
  }

  /// Encodes every picture of a data set.
  /// - Parameters:
  ///   - mirrored: also encodes each picture mirrored (only where captions do not say left or right).
  ///   - report: told how many are done.
  public static func make(
    _ data: any CaptionedImages, size: Int, autoencoder: AutoencoderKL, scale: Float, dtype: DType,
    to url: URL, identity: RunIdentity, report: (Int) -> Void = { _ in }
  ) throws -> LatentCache {
    let batch = 16
    let side = size / autoencoder.downscale
    let each = side * side * autoencoder.config.latentChannels
    var captions: [String] = []
    var parts: [Tensor] = []
    for start in stride(from: 0, to: data.count, by: batch) {
      let examples = try (start..<min(start + batch, data.count)).map {
        try data.example($0, size: size)
      }
      captions += examples.map { $0.caption.replacingOccurrences(of: "\n", with: " ") }
      let pixels = ImageTensor.pack(examples.map(\.image)).cast(to: dtype)
      parts.append((autoencoder.encode(pixels).mean * scale).cast(to: .f16))
      report(captions.count)
    }
    let all = Tensor.concatenate(parts, axis: 0)
    precondition(all.count == each * data.count, "latents of another size than the pictures")
    try Data(captions.joined(separator: "\n").utf8).write(to: captionFile(url), options: .atomic)
    try TensorFile.write([("latents", all)], to: url, metadata: ["identity": identity.text])
    return LatentCache(latents: all, captions: captions)
  }

  /// The latents of some examples, float32.
  public func batch(_ indices: [Int]) -> Tensor {
    Tensor.concatenate(
      indices.map { latents.slice(axis: 0, from: $0, count: 1) }, axis: 0
    ).cast(to: .f32)
  }
}
