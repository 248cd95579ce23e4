import TensorCore

extension UNet2DConfig: DenoisingNetworkConfig {
  public var className: String { "UNet2DModel" }
  public var predictionChannels: Int { outChannels }
  public var classRows: Int? { classCount }
}

extension UNet2DModel: BuildableNetwork {
  public static let classNames = ["UNet2DModel"]

  public func output(_ sample: Tensor, timesteps: [Float], _ told: NetworkConditioning) -> NetworkOutput {
    NetworkOutput(prediction: self(sample, timesteps: timesteps, classes: told.classes))
  }
}
