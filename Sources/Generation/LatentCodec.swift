import Models
import TensorCore

/// Between pictures and the latents diffusion works on, scaled as the U-Net knows them.
public struct LatentCodec: Sendable {
  public let autoencoder: AutoencoderKL
  public let precision: Precision

  public init(_ autoencoder: AutoencoderKL, precision: Precision) {
    self.autoencoder = autoencoder
    self.precision = precision
  }

  /// Latents to pictures in about ±1. One at a time: memory stays that of a single picture.
  public func decode(_ latents: Tensor) -> Tensor {
    let config = autoencoder.config
    let unscaled = latents.scaled(by: 1 / config.scalingFactor, plus: config.shiftFactor ?? 0)
    let pictures = (0..<latents.shape[0]).map { row in
      let z = unscaled.slice(axis: 0, from: row, count: 1).cast(to: precision.dtype)
      let picture = isLarge(z.shape[1] * z.shape[2]) ? autoencoder.decodeInBands(z) : autoencoder.decode(z)
      return picture.cast(to: .f32)
    }
    return Tensor.concatenate(pictures, axis: 0)
  }

  /// What the encoder says about one picture `[1, H, W, 3]` in ±1: unscaled.
  public func distribution(_ picture: Tensor) -> LatentDistribution {
    let x = picture.cast(to: precision.dtype)
    let scale = autoencoder.downscale
    return isLarge(x.shape[1] * x.shape[2] / (scale * scale)) ? autoencoder.encodeInBands(x) : autoencoder.encode(x)
  }

  /// Whether the widest layer on whole pictures would take more than 768 MB, and all of them together some 3 GB.
  private func isLarge(_ latents: Int) -> Bool {
    let (scale, widths) = (autoencoder.downscale, autoencoder.config.blockOutChannels)
    let widest = latents * scale * scale * widths[min(1, widths.count - 1)] * precision.dtype.byteSize
    return widest > 768 << 20
  }

  /// Latents `[B, h, w, C]` drawn from one picture's distribution, one for each row of `noise`; scaled.
  public func sample(_ distribution: LatentDistribution, noise: Tensor) -> Tensor {
    scaled(distribution.sample(noise: noise))
  }

  /// The encoder's latents as the U-Net knows them.
  public func scaled(_ latents: Tensor) -> Tensor {
    let config = autoencoder.config
    return latents.scaled(by: config.scalingFactor, plus: -(config.shiftFactor ?? 0) * config.scalingFactor)
  }
}
