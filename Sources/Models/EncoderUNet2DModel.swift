import NN
import TensorCore

/// The way down of a U-Net and its middle with an attention pool behind: what looks at noisy pictures and says what they
/// show (Dhariwal & Nichol 2021, §4). Classifiers and the picture side of a contrastive model are made of it.
///
/// It is told the timestep like the denoising network; 0 stands for clean pictures, of which it then gives features.
public struct EncoderUNet2DModel: Sendable {
  public let config: EncoderUNet2DConfig
  let timeEmbedding: TimestepEmbedding
  let convIn: Conv2d
  let downBlocks: [UNetDownBlock]
  let midBlock: UNetMidBlock
  let convNormOut: GroupNorm
  let pool: AttentionPool2D

  public init(_ p: ParameterPath, _ config: EncoderUNet2DConfig) {
    self.config = config
    let channels = config.blockOutChannels
    let (last, timeWidth) = (channels.count - 1, channels[0] * 4)
    let style = UNetBlockStyle(
      timeWidth: timeWidth, groups: config.normNumGroups, epsilon: 1e-5, padding: .downsampling(1), midScale: 1)
    let attention = MixerKind.attention(headWidth: config.attentionHeadDim)
    timeEmbedding = TimestepEmbedding(p.time_embedding, channels[0], timeWidth)
    convIn = Conv2d(p.conv_in, config.inChannels, channels[0])
    downBlocks = channels.indices.map { level in
      UNetDownBlock(
        p.down_blocks[level], inputs: channels[max(level - 1, 0)], outputs: channels[level],
        layers: config.layersPerBlock, mixer: config.downBlockTypes[level].hasPrefix("Attn") ? attention : nil,
        downsample: level < last, style)
    }
    midBlock = UNetMidBlock(p.mid_block, channels: channels[last], mixer: attention, style)
    convNormOut = GroupNorm(p.conv_norm_out, channels: channels[last], groups: config.normNumGroups, epsilon: 1e-5)
    pool = AttentionPool2D(
      p.pool, channels: channels[last], heads: channels[last] / config.attentionHeadDim, outputs: config.projectionDim)
  }

  /// Width of the features.
  public var featureCount: Int { config.blockOutChannels[config.blockOutChannels.count - 1] }

  /// What is seen in pictures or latents with noise in them.
  /// - Parameters:
  ///   - sample: `[B, H, W, inChannels]`; its type decides the arithmetic.
  ///   - timesteps: one a row, may be fractional; 0 for clean ones.
  /// - Returns: `[B, featureCount]`.
  public func features(_ sample: Tensor, timesteps: [Float]) -> Tensor {
    precondition(timesteps.count == sample.shape[0], "\(timesteps.count) timesteps for \(sample.shape)")
    let sinusoids = Sinusoids.embed(
      timesteps, width: config.blockOutChannels[0], cosineFirst: true, shift: 0, device: sample.device)
    let time = timeEmbedding(sinusoids.cast(to: sample.dtype)).silu
    var h = convIn(sample)
    // Nobody takes the skip connections.
    var skips: [Tensor] = []
    for block in downBlocks { h = block(h, time: time, context: nil, skips: &skips) }
    h = midBlock(h, time: time, context: nil)
    return pool.pooled(convNormOut(h, silu: true))
  }

  /// The features projected: logits of classes, or a place in the space pictures and texts share, `[B, projectionDim]`.
  public func callAsFunction(_ sample: Tensor, timesteps: [Float]) -> Tensor {
    projected(features(sample, timesteps: timesteps))
  }

  /// The same from features `[B, featureCount]` that are there.
  public func projected(_ features: Tensor) -> Tensor { pool.projected(features) }
}
