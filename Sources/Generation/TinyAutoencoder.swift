import Conditioning
import Models
import TensorCore

/// TAESD: for previews, and for decoding without an `AutoencoderKL`. A half that is missing is an error when it is asked for.
///
/// Source: madebyollin/taesd.
public struct TinyAutoencoder: Sendable {
  /// One direction.
  public enum Half: String, Sendable, CaseIterable { case encoder, decoder }

  /// The networks; a half that is not there is zeros.
  package let model: AutoencoderTiny
  /// The halves that are there.
  package let halves: Set<Half>
  /// What messages name.
  private let path: String

  public var config: AutoencoderTinyConfig { model.config }
  public var hasEncoder: Bool { halves.contains(.encoder) }
  public var hasDecoder: Bool { halves.contains(.decoder) }

  package init(_ model: AutoencoderTiny, halves: Set<Half>, path: String) {
    (self.model, self.halves, self.path) = (model, halves, path)
  }

  /// Latents, as the U-Net sees them divided by no factor, to pictures in ±1: `[B, h, w, C]` to `[B, H, W, 3]`.
  /// - Throws: `GenerationError` if only the encoder is there.
  public func decode(_ latents: Tensor) throws -> Tensor {
    try requireHalf(.decoder)
    return model.decode(latents)
  }

  /// Pictures in ±1 to latents.
  /// - Throws: `GenerationError` if only the decoder is there.
  public func encode(_ image: Tensor) throws -> Tensor {
    try requireHalf(.encoder)
    return model.encode(image)
  }

  /// Throws unless a half is there.
  func requireHalf(_ half: Half) throws(GenerationError) {
    guard !halves.contains(half) else { return }
    throw .noModel(path: path, reason: "has no \(half.rawValue): put TAESD's file of that half beside it")
  }

  /// Throws unless latents of a model can be decoded.
  /// - Parameter channels: of the model's latents.
  public func check(channels: Int) throws(GenerationError) {
    try requireHalf(.decoder)
    guard config.latentChannels == channels else {
      throw .noModel(
        path: path, reason: "decodes latents of \(config.latentChannels) channels, the model makes \(channels)")
    }
  }
}
