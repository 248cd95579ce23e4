import NN
import TensorCore

/// What SDXL's U-Net is told besides the prompt: the pooled text and the picture's sizes (Podell et al. 2023, §2.2).
public struct AddedConditions: Sendable {
  /// Pooled text embedding `[B, 1280]`.
  public var pooledText: Tensor
  /// For each row: original height and width, crop top and left, target height and width.
  public var timeIDs: [[Float]]

  public init(pooledText: Tensor, timeIDs: [[Float]]) {
    self.pooledText = pooledText
    self.timeIDs = timeIDs
  }
}

/// The denoising network of Stable Diffusion 1.x, 2.x and SDXL (Rombach et al. 2022).
public struct UNet2DConditionModel: Sendable {
  public let config: UNet2DConditionConfig
  let timeEmbedding: TimestepEmbedding
  let addEmbedding: AddedEmbedding?
  let convIn, convOut: Conv2d
  let downBlocks: [UNetDownBlock]
  let midBlock: UNetMidBlock
  let upBlocks: [UNetUpBlock]
  let convNormOut: GroupNorm

  public init(_ p: ParameterPath, _ config: UNet2DConditionConfig) {
    self.config = config
    let channels = config.blockOutChannels
    let last = channels.count - 1
    let timeWidth = config.timeEmbeddingDim ?? channels[0] * 4
    let style = UNetBlockStyle(
      timeWidth: timeWidth, groups: config.normNumGroups, epsilon: config.normEps,
      padding: .downsampling(config.downsamplePadding), midScale: config.midBlockScaleFactor,
      conditioning: config.resnetTimeScaleShift)
    func transformer(level: Int) -> MixerKind {
      .transformer(
        context: config.crossAttentionDim, heads: config.attentionHeadDim[level],
        depth: config.transformerLayersPerBlock[level], linear: config.useLinearProjection)
    }
    timeEmbedding = TimestepEmbedding(p.time_embedding, channels[0], timeWidth, last: config.timestepPostAct)
    addEmbedding = AddedEmbedding(p.add_embedding, config, timeWidth: timeWidth)
    convIn = Conv2d(p.conv_in, config.inChannels, channels[0])
    downBlocks = channels.indices.map { level in
      UNetDownBlock(
        p.down_blocks[level], inputs: channels[max(level - 1, 0)], outputs: channels[level],
        layers: config.layersPerBlock[level],
        mixer: config.downBlockTypes[level].hasPrefix("CrossAttn") ? transformer(level: level) : nil,
        downsample: level < last, style)
    }
    midBlock = UNetMidBlock(
      p.mid_block, channels: channels[last], mixer: transformer(level: last), style)
    upBlocks = channels.indices.map { i in
      let level = last - i
      return UNetUpBlock(
        p.up_blocks[i], previous: channels[min(level + 1, last)], outputs: channels[level],
        skipsEnd: channels[max(level - 1, 0)], layers: config.layersPerBlock[level] + 1,
        mixer: config.upBlockTypes[i].hasPrefix("CrossAttn") ? transformer(level: level) : nil,
        upsample: level > 0, style)
    }
    convNormOut = GroupNorm(
      p.conv_norm_out, channels: channels[0], groups: config.normNumGroups, epsilon: config.normEps)
    convOut = Conv2d(p.conv_out, channels[0], config.outChannels)
  }

  /// Predicts the noise (or v, or the clean latent) in a noisy latent.
  /// - Parameters:
  ///   - sample: `[B, H, W, inChannels]`; its type decides the arithmetic.
  ///   - timesteps: one a row, 0 ... 999, may be fractional.
  ///   - encoderHiddenStates: `[B, T, crossAttentionDim]`.
  /// - Returns: `[B, H, W, outChannels]`.
  public func callAsFunction(
    _ sample: Tensor, timesteps: [Float], encoderHiddenStates: Tensor, added: AddedConditions? = nil
  ) -> Tensor {
    output(sample, timesteps: timesteps, encoderHiddenStates: encoderHiddenStates, added: added).prediction
  }

  /// The same with what training looks at besides.
  public func output(
    _ sample: Tensor, timesteps: [Float], encoderHiddenStates: Tensor, added: AddedConditions? = nil
  ) -> NetworkOutput {
    precondition(timesteps.count == sample.shape[0], "\(timesteps.count) timesteps for \(sample.shape)")
    let dtype = sample.dtype
    let context = encoderHiddenStates.cast(to: dtype)
    var embedding = timeEmbedding(sinusoids(timesteps, width: config.blockOutChannels[0]).cast(to: dtype))
    switch addEmbedding {
    case .textAndSizes(let layers):
      if let added { embedding = embedding + layers(addedInput(added).cast(to: dtype)) }
    case .text(let layers): embedding = embedding + layers(context)
    case nil: break
    }
    if let function = config.timeEmbeddingActFn.unary { embedding = embedding.applying(function) }
    let time = embedding.silu
    var h = convIn(config.centerInputSample ? sample.scaled(by: 2, plus: -1) : sample)
    var skips = [h]
    for block in downBlocks { h = block(h, time: time, context: context, skips: &skips) }
    let middle = midBlock(h, time: time, context: context)
    h = middle
    for block in upBlocks { h = block(h, time: time, context: context, skips: &skips) }
    return NetworkOutput(prediction: convOut(convNormOut(h, silu: true)), middle: middle)
  }

  private func sinusoids(_ t: [Float], width: Int) -> Tensor {
    Sinusoids.embed(
      t, width: width, cosineFirst: config.flipSinToCos, shift: config.freqShift, device: convIn.weight.value.device)
  }

  /// Pooled text and the sinusoids of each size, side by side.
  private func addedInput(_ added: AddedConditions) -> Tensor {
    let width = config.additionTimeEmbedDim ?? 0
    let rows = added.timeIDs.count
    let sizes = sinusoids(added.timeIDs.flatMap { $0 }, width: width)
    return Tensor.concatenate(
      [added.pooledText.cast(to: .f32), sizes.reshaped([rows, -1])], axis: 1)
  }
}
