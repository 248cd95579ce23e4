import NN
import TensorCore

/// A denoising network on pixels that takes no words (Ho et al. 2020), but classes where it was made for them.
public struct UNet2DModel: Sendable {
  public let config: UNet2DConfig
  let timeEmbedding: TimestepEmbedding
  let classEmbedding: Embedding?
  let convIn, convOut: Conv2d
  let downBlocks: [UNetDownBlock]
  let midBlock: UNetMidBlock
  let upBlocks: [UNetUpBlock]
  let convNormOut: GroupNorm

  public init(_ p: ParameterPath, _ config: UNet2DConfig) {
    self.config = config
    let channels = config.blockOutChannels
    let last = channels.count - 1
    let timeWidth = config.timeEmbeddingDim ?? channels[0] * 4
    let style = UNetBlockStyle(
      timeWidth: timeWidth, groups: config.normNumGroups, epsilon: config.normEps,
      padding: .downsampling(config.downsamplePadding), midScale: config.midBlockScaleFactor)
    let attention = MixerKind.attention(headWidth: config.attentionHeadDim)
    timeEmbedding = TimestepEmbedding(p.time_embedding, channels[0], timeWidth)
    // torch's start of a table.
    classEmbedding = config.classCount.map {
      Embedding(p.class_embedding, count: $0, width: timeWidth, initializer: .normal(deviation: 1))
    }
    convIn = Conv2d(p.conv_in, config.inChannels, channels[0])
    downBlocks = channels.indices.map { level in
      UNetDownBlock(
        p.down_blocks[level], inputs: channels[max(level - 1, 0)], outputs: channels[level],
        layers: config.layersPerBlock,
        mixer: config.downBlockTypes[level].hasPrefix("Attn") ? attention : nil,
        downsample: level < last, style)
    }
    midBlock = UNetMidBlock(
      p.mid_block, channels: channels[last], mixer: config.addAttention ? attention : nil, style)
    upBlocks = channels.indices.map { i in
      let level = last - i
      return UNetUpBlock(
        p.up_blocks[i], previous: channels[min(level + 1, last)], outputs: channels[level],
        skipsEnd: channels[max(level - 1, 0)], layers: config.layersPerBlock + 1,
        mixer: config.upBlockTypes[i].hasPrefix("Attn") ? attention : nil, upsample: level > 0, style)
    }
    convNormOut = GroupNorm(
      p.conv_norm_out, channels: channels[0], groups: config.normNumGroups, epsilon: config.normEps)
    convOut = Conv2d(p.conv_out, channels[0], config.outChannels)
  }

  /// Predicts the noise in a noisy picture `[B, H, W, inChannels]`.
  /// - Parameters:
  ///   - timesteps: one a row.
  ///   - classes: one a row for a network that is told classes, added to the time embedding (diffusers' `num_class_embeds`).
  public func callAsFunction(_ sample: Tensor, timesteps: [Float], classes: [Int]? = nil) -> Tensor {
    precondition(
      timesteps.count == sample.shape[0] && classes?.count == classEmbedding.map { _ in sample.shape[0] },
      "\(timesteps.count) timesteps and \(classes?.count ?? 0) classes for \(sample.shape)")
    let sinusoids = Sinusoids.embed(
      timesteps, width: config.blockOutChannels[0], cosineFirst: config.flipSinToCos,
      shift: config.freqShift, device: sample.device)
    var embedding = timeEmbedding(sinusoids.cast(to: sample.dtype))
    if let classEmbedding, let classes {
      let ids = Tensor(classes.map(Int32.init), shape: [classes.count], device: sample.device)
      embedding = embedding + classEmbedding(ids).cast(to: sample.dtype)
    }
    let time = embedding.silu
    var h = convIn(config.centerInputSample ? sample.scaled(by: 2, plus: -1) : sample)
    var skips = [h]
    for block in downBlocks { h = block(h, time: time, context: nil, skips: &skips) }
    h = midBlock(h, time: time, context: nil)
    for block in upBlocks { h = block(h, time: time, context: nil, skips: &skips) }
    return convOut(convNormOut(h, silu: true))
  }
}
