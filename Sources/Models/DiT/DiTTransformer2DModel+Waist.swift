import TensorCore

extension DiTConfig: DenoisingNetworkConfig {
  /// A predicted variance is not used.
  public var predictionChannels: Int { inChannels }
  public var classRows: Int? { conditioning == .classes ? classCount + 1 : nil }
  public var sideMultiple: Int { patchSize }
}

extension DiTTransformer2DModel: BuildableNetwork {
  public static let classNames = ["DiTTransformer2DModel", "PixArtTransformer2DModel", "Transformer2DModel"]

  public func output(_ sample: Tensor, timesteps: [Float], _ told: NetworkConditioning) -> NetworkOutput {
    let all = self(sample, timesteps: timesteps, classes: told.classes, text: told.context)
    let channels = config.predictionChannels
    return NetworkOutput(prediction: config.outputs == channels ? all : all.slice(axis: 3, from: 0, count: channels))
  }
}
