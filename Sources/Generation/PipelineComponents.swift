import Conditioning
import Configurations
import Diffusion
import Models
import NN

/// A latent text-to-image model in memory, whatever it is made of: what runs need, and no more.
public struct PipelineComponents: Sendable {
  /// Texts to what the network is told.
  public let text: any TextEncoding
  public let network: any DenoisingNetwork
  public let autoencoder: LatentAutoencoder
  public let scheduler: SchedulerConfig
  /// The levels of align-your-steps for its family.
  public let ays: AlignYourSteps
  /// What the model is called in messages and metadata.
  public let name: String
  /// What a person should know: choices made where the files say nothing.
  public let notes: [String]
  /// The weights of the networks, where they were loaded from files.
  public let parameters: [ModelPart: [Parameter]]

  public init(
    text: any TextEncoding, network: any DenoisingNetwork, autoencoder: LatentAutoencoder, scheduler: SchedulerConfig,
    ays: AlignYourSteps = .stableDiffusion, name: String, notes: [String] = [],
    parameters: [ModelPart: [Parameter]] = [:]
  ) {
    (self.text, self.network, self.autoencoder, self.scheduler) = (text, network, autoencoder, scheduler)
    (self.ays, self.name, self.notes, self.parameters) = (ays, name, notes, parameters)
  }

  /// Side of the pictures the model was made for, in pixels; at most the longest this program makes.
  public var defaultSize: Int { min(network.config.sampleSize * autoencoder.downscale, GenerationRequest.longestSide) }

  /// What one call of the network costs for each row.
  /// - Parameter width: of the latents, `height` likewise.
  public func work(width: Int, height: Int) -> NetworkWork {
    network.config.work(width: width, height: height, tokens: text.tokenCount)
  }

  /// Throws unless so many layers of every text encoder can be skipped.
  public func checkClipSkip(_ skipped: Int?) throws(GenerationError) { try text.check(clipSkip: skipped) }

  /// Throws unless a request's values can work with the model.
  func check(_ request: GenerationRequest) throws(GenerationError) {
    try request.validate(multiple: sizeMultiple, trainSteps: scheduler.trainSteps)
    try checkClipSkip(request.clipSkip)
  }

  /// Sides of pictures must be multiples of this: the autoencoder's scale times what the network asks for, at least 8.
  public var sizeMultiple: Int {
    max(GenerationRequest.leastMultiple, autoencoder.downscale * network.config.sideMultiple)
  }

  /// What the network reads, told by its number of input channels.
  public enum Kind: Sendable, Equatable {
    /// Latents alone.
    case plain
    /// Latents, a mask and the masked picture.
    case inpainting
    /// Latents and the picture an instruction is about.
    case instruction
  }

  /// nil for a number of channels that means nothing here.
  public var kind: Kind? {
    let latent = autoencoder.latentChannels
    return switch network.config.inChannels {
    case latent: .plain
    case LatentContext.inpaintingChannels(latent: latent): .inpainting
    case 2 * latent: .instruction
    default: nil
    }
  }

  /// The kind, or an error that says what the network is not.
  package func knownKind() throws(GenerationError) -> Kind {
    guard let kind else {
      throw .unsupported(
        what:
          "\(name): its U-Net reads \(network.config.inChannels) channels; \(autoencoder.latentChannels) (plain), "
          + "\(2 * autoencoder.latentChannels + 1) (inpainting) and \(2 * autoencoder.latentChannels) "
          + "(instructions) are known")
    }
    return kind
  }
}
