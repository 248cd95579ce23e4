import TensorCore

extension UNet2DConditionConfig: DenoisingNetworkConfig {
  public var className: String { "UNet2DConditionModel" }
  public var predictionChannels: Int { outChannels }
  public var contextWidth: Int? { crossAttentionDim }
  public var readsSizes: Bool { additionEmbedType == "text_time" }

  /// What `add_embedding` takes besides the sinusoids of six sizes.
  public var pooledWidth: Int? {
    guard readsSizes, let all = projectionClassEmbeddingsInputDim, let side = additionTimeEmbedDim else { return nil }
    return all - 6 * side
  }
}

extension UNet2DConditionModel: BuildableNetwork {
  public static let classNames = ["UNet2DConditionModel"]

  public func output(_ sample: Tensor, timesteps: [Float], _ told: NetworkConditioning) -> NetworkOutput {
    guard let context = told.context else { preconditionFailure("a U-Net that reads texts is told none") }
    let added = told.pooled.map { AddedConditions(pooledText: $0, timeIDs: told.sizes) }
    return output(sample, timesteps: timesteps, encoderHiddenStates: context, added: added)
  }
}
