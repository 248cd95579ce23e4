import Conditioning
import Models
import TensorCore

/// What an encoder says about a picture, unscaled.
public struct EncodedPicture: Sendable {
  public let mean: Tensor
  /// nil where the encoder says one thing.
  fileprivate let distribution: LatentDistribution?

  /// The standard deviation of each latent; nil where the encoder says one thing.
  public var deviation: Tensor? { distribution.map { ($0.logVariance * 0.5).applying(.exp) } }

  /// Latents drawn from the distribution, one for each row of `noise`.
  func sample(noise: Tensor) -> Tensor {
    distribution?.sample(noise: noise) ?? mean.broadcast(to: noise.shape)
  }
}

/// Between pictures and the latents diffusion works on, scaled as the U-Net knows them.
public struct LatentCodec: Sendable {
  public let autoencoder: LatentAutoencoder
  public let precision: Precision

  public init(_ autoencoder: LatentAutoencoder, precision: Precision) {
    self.autoencoder = autoencoder
    self.precision = precision
  }

  /// Latents to pictures in about ±1. One at a time: memory stays that of a single picture.
  /// - Throws: `GenerationError.notFinite`.
  public func decode(_ latents: Tensor) throws(GenerationError) -> Tensor {
    // What the U-Net computed in is of other sizes.
    if runsSeldom { Processor.releaseCachedMemory() }
    let unscaled = unscaled(latents)
    let pictures = (0..<latents.shape[0]).map { row in
      let z = unscaled.slice(axis: 0, from: row, count: 1).cast(to: precision.dtype)
      if case .kl(let model) = autoencoder, isLarge(z.shape[1] * z.shape[2], model) {
        return model.decodeInBands(z).cast(to: .f32)
      }
      return DerivedForms.whileComputing(runsSeldom) { autoencoder.decode(z) }.cast(to: .f32)
    }
    let all = Tensor.concatenate(pictures, axis: 0)
    try Finiteness.check(all, "the decoder") {
      Finiteness.large(latents) ?? Finiteness.weights(of: "the autoencoder", precision)
    }
    return all
  }

  /// Latents as the decoder knows them.
  private func unscaled(_ latents: Tensor) -> Tensor {
    let factor = autoencoder.scalingFactor
    guard let (mean, deviation) = autoencoder.statistics else {
      return latents.scaled(by: 1 / factor, plus: autoencoder.shift)
    }
    return latents * Self.channels(deviation.map { $0 / factor })
      + Self.channels(mean.map { $0 + autoencoder.shift })
  }

  /// A number for each channel, `[1, 1, 1, C]`.
  private static func channels(_ values: [Float]) -> Tensor { Tensor(values, shape: [1, 1, 1, values.count]) }

  /// What the encoder says about one picture `[1, H, W, 3]` in ±1: unscaled. TAESD's says one thing.
  /// - Throws: `GenerationError.notFinite`.
  public func distribution(_ picture: Tensor) throws(GenerationError) -> EncodedPicture {
    let encoded = encoded(picture.cast(to: precision.dtype))
    for values in [encoded.mean, encoded.distribution?.logVariance].compactMap({ $0 }) {
      try Finiteness.check(values, "the encoder") { Finiteness.weights(of: "the autoencoder", precision) }
    }
    return encoded
  }

  private func encoded(_ x: Tensor) -> EncodedPicture {
    switch autoencoder {
    case .tiny(let model):
      return EncodedPicture(mean: model.model.encode(x).cast(to: .f32), distribution: nil)
    case .kl(let model):
      let scale = model.downscale
      let isLarge = isLarge(x.shape[1] * x.shape[2] / (scale * scale), model)
      let distribution = isLarge ? model.encodeInBands(x) : model.encode(x)
      return EncodedPicture(mean: distribution.mean, distribution: distribution)
    }
  }

  /// Whether packing the weights again for every picture takes no time beside the picture, but their memory counts.
  private var runsSeldom: Bool {
    guard case .kl(let model) = autoencoder else { return false }
    return (model.config.blockOutChannels.max() ?? 0) >= 256
  }

  /// Whether the widest layer on whole pictures would take more than 768 MB, and all of them together some 3 GB.
  private func isLarge(_ latents: Int, _ model: AutoencoderKL) -> Bool {
    let (scale, widths) = (model.downscale, model.config.blockOutChannels)
    let widest = latents * scale * scale * widths[min(1, widths.count - 1)] * precision.dtype.byteSize
    return widest > 768 << 20
  }

  /// Latents `[B, h, w, C]` drawn from one picture's distribution, one for each row of `noise`; scaled.
  public func sample(_ distribution: EncodedPicture, noise: Tensor) -> Tensor {
    scaled(distribution.sample(noise: noise))
  }

  /// The encoder's latents as the U-Net knows them.
  public func scaled(_ latents: Tensor) -> Tensor {
    let factor = autoencoder.scalingFactor
    guard let (mean, deviation) = autoencoder.statistics else {
      return latents.scaled(by: factor, plus: -autoencoder.shift * factor)
    }
    return (latents - Self.channels(mean.map { $0 + autoencoder.shift }))
      * Self.channels(deviation.map { factor / $0 })
  }
}
