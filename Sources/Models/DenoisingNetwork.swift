import NN
import TensorCore

/// The configuration of a denoising network, as far as those who run it need to know: diffusers' `config.json` of its folder.
public protocol DenoisingNetworkConfig: Codable, Sendable {
  /// diffusers' name of the network's class.
  var className: String { get }
  /// Side of the samples the network was made for: latents, or pixels.
  var sampleSize: Int { get }
  /// Channels of a sample, with those that are joined to it for inpainting and the like.
  var inChannels: Int { get }
  /// Channels of a prediction.
  var predictionChannels: Int { get }
  /// Features of the text's states it reads; nil for a network that reads none.
  var contextWidth: Int? { get }
  /// Features of the text as one vector; nil for a network that is told none.
  var pooledWidth: Int? { get }
  /// Classes it can be told, one that stands for none among them; nil for a network that is told none.
  var classRows: Int? { get }
  /// Whether it is told the picture's sizes.
  var readsSizes: Bool { get }
  /// What sides of samples must be multiples of.
  var sideMultiple: Int { get }

  /// What one call costs for each row.
  /// - Parameters:
  ///   - width: of the samples, `height` likewise.
  ///   - tokens: of the text.
  func work(width: Int, height: Int, tokens: Int) -> NetworkWork

  /// Checks everything construction relies on, so that a bad file is an error and not a crash.
  func validate() throws(ConfigurationError)
}

extension DenoisingNetworkConfig {
  public var contextWidth: Int? { nil }
  public var pooledWidth: Int? { nil }
  public var classRows: Int? { nil }
  public var readsSizes: Bool { false }
  public var sideMultiple: Int { 1 }
}

/// What a call of a denoising network gives.
public struct NetworkOutput: Sendable {
  /// `[B, H, W, predictionChannels]`.
  public let prediction: Tensor
  /// Features where the network is narrowest, `[B, h, w, C]`, which training may look at; nil for networks without such a place.
  public let middle: Tensor?

  public init(prediction: Tensor, middle: Tensor? = nil) { (self.prediction, self.middle) = (prediction, middle) }
}

/// The waist: a network that predicts from a noisy sample, its time and what it is told, whatever is inside.
///
/// Those who make pictures or train hold `any DenoisingNetwork` and nothing narrower. A network does not know what its
/// prediction means (noise, velocity, the clean sample): that is the noise schedule's (`Denoised`).
public protocol DenoisingNetwork: Sendable {
  associatedtype Config: DenoisingNetworkConfig
  var config: Config { get }

  /// - Parameters:
  ///   - sample: `[B, H, W, inChannels]`; its type decides the arithmetic.
  ///   - timesteps: one a row in the scale of training, 0 ... 999 (of flows 0 ... 1000); may be fractional.
  ///   - told: a row for each row of the sample.
  func output(_ sample: Tensor, timesteps: [Float], _ told: NetworkConditioning) -> NetworkOutput
}

extension DenoisingNetwork {
  /// The prediction alone, `[B, H, W, predictionChannels]`.
  public func callAsFunction(_ sample: Tensor, timesteps: [Float], _ told: NetworkConditioning) -> Tensor {
    output(sample, timesteps: timesteps, told).prediction
  }
}

/// A network that is built from its parameters and a configuration alone, as files have it.
public protocol BuildableNetwork: DenoisingNetwork {
  /// diffusers' names of the classes it stands for.
  static var classNames: [String] { get }
  /// - Parameter p: the network's root.
  init(_ p: ParameterPath, _ config: Config)
}
