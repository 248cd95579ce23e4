import Conditioning
import Models
import TensorCore

/// What stands between pictures and latents: a model's autoencoder, or TAESD in its place.
public enum LatentAutoencoder: Sendable {
  case kl(AutoencoderKL)
  case tiny(TinyAutoencoder)

  /// Pixels of a latent.
  public var downscale: Int {
    switch self {
    case .kl(let model): model.downscale
    case .tiny(let model): 1 << (model.config.decoderBlockOutChannels.count - 1)
    }
  }

  public var latentChannels: Int {
    switch self {
    case .kl(let model): model.config.latentChannels
    case .tiny(let model): model.config.latentChannels
    }
  }

  /// What latents are multiplied by before diffusion, after `shift` was subtracted.
  public var scalingFactor: Float {
    switch self {
    case .kl(let model): model.config.scalingFactor
    case .tiny(let model): model.config.scalingFactor
    }
  }

  public var shift: Float {
    switch self {
    case .kl(let model): model.config.shiftFactor ?? 0
    case .tiny: 0
    }
  }

  /// Mean and deviation of each channel, which diffusion's latents are freed of; nil where there are none.
  var statistics: (mean: [Float], deviation: [Float])? {
    guard case .kl(let model) = self, let mean = model.config.latentsMean, let deviation = model.config.latentsStd
    else { return nil }
    return (mean, deviation)
  }

  /// Whether diffusion's latents are freed of their channels' mean and deviation.
  public var isNormalized: Bool { statistics != nil }

  /// Whether the encoder says one thing and not a distribution, so that no noise is drawn for it.
  var isDeterministic: Bool { if case .tiny = self { true } else { false } }

  /// Throws unless pictures can be encoded.
  package func requireEncoder() throws(GenerationError) {
    if case .tiny(let model) = self { try model.requireHalf(.encoder) }
  }

  /// Unscaled latents to pictures in about ±1.
  public func decode(_ latents: Tensor) -> Tensor {
    switch self {
    case .kl(let model): model.decode(latents)
    case .tiny(let model): model.model.decode(latents)
    }
  }
}
