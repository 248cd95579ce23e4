/// What the numbers of a sample are: latents of some autoencoder, or pixels. A network trained on one kind means nothing on
/// another.
public struct SampleSpace: Codable, Sendable, Equatable {
  public var channels: Int
  /// Pixels of a latent.
  public var downscale: Int
  /// What latents are multiplied by before diffusion, which every training of an autoencoder gives another of.
  public var scalingFactor: Float
  /// What is subtracted before that.
  public var shift: Float
  /// Whether channels are freed of their mean and deviation.
  public var isNormalized: Bool

  enum CodingKeys: String, CodingKey, CaseIterable {
    case channels, downscale, shift
    case scalingFactor = "scaling_factor"
    case isNormalized = "normalized"
  }

  /// Colour pictures in ±1.
  public static let pixels = SampleSpace(channels: 3, downscale: 1, scalingFactor: 1, shift: 0, isNormalized: false)

  private init(channels: Int, downscale: Int, scalingFactor: Float, shift: Float, isNormalized: Bool) {
    (self.channels, self.downscale, self.scalingFactor) = (channels, downscale, scalingFactor)
    (self.shift, self.isNormalized) = (shift, isNormalized)
  }

  /// The latents of an autoencoder as diffusion knows them.
  public init(of autoencoder: LatentAutoencoder) {
    self.init(
      channels: autoencoder.latentChannels, downscale: autoencoder.downscale,
      scalingFactor: autoencoder.scalingFactor, shift: autoencoder.shift, isNormalized: autoencoder.isNormalized)
  }

  /// Whether samples of the other kind mean the same; factors may differ by what writing them costs.
  public func matches(_ other: SampleSpace) -> Bool {
    func near(_ a: Float, _ b: Float) -> Bool { abs(a - b) <= 1e-6 * max(abs(a), abs(b)) }
    return channels == other.channels && downscale == other.downscale && isNormalized == other.isNormalized
      && near(scalingFactor, other.scalingFactor) && near(shift, other.shift)
  }

  /// In words, for messages.
  var words: String {
    self == .pixels
      ? "pictures in pixels"
      : "latents of \(channels) channels, \(downscale) pixels each, scaled by \(scalingFactor)"
  }
}
