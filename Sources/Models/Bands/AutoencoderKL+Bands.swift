import NN
import TensorCore

extension AutoencoderKL {
  /// Decodes a large picture in bands of rows: `decode`'s result up to rounding, in bounded memory.
  ///
  /// GroupNorm's statistics are those of the whole picture, so there are neither seams nor shifts of tone as with tiles. A
  /// picture of 2048 × 2048 pixels from Stable Diffusion's latents takes 2.7 GB besides the weights, in float32 as in bf16.
  /// - Parameters:
  ///   - latents: `[1, h, w, C]`, unscaled.
  ///   - budget: bytes for what is kept between layers; less costs time.
  public func decodeInBands(_ latents: Tensor, budget: Int = 2_400_000_000, bandBytes: Int = 1 << 26) -> Tensor {
    precondition(latents.shape[0] == 1, "bands of \(latents.shape[0]) pictures")
    let layers = BandedLayers(budget: budget, bandBytes: bandBytes, dtype: latents.dtype)
    let channels = Array(config.blockOutChannels.reversed())
    let start = decoder.mid(decoder.convIn(postQuantConv.map { $0(latents) } ?? latents))
    var x: any RowSource = StoredRows(start)
    for (level, (resnets, upsampler)) in decoder.levels.enumerated() {
      for resnet in resnets { x = layers.resnet(resnet, x, outputs: channels[level]) }
      if let upsampler { x = layers.stored(layers.upsampled(upsampler, x), beside: 0) }
    }
    return layers.all(
      of: layers.normalizedConvolution(decoder.normOut, decoder.convOut, x, outputs: config.outChannels)
    ).image
  }

  /// Encodes a large picture `[1, H, W, 3]` in bands of rows: `encode`'s result up to rounding.
  public func encodeInBands(
    _ picture: Tensor, budget: Int = 2_400_000_000, bandBytes: Int = 1 << 26
  ) -> LatentDistribution {
    precondition(picture.shape[0] == 1, "bands of \(picture.shape[0]) pictures")
    let layers = BandedLayers(budget: budget, bandBytes: bandBytes, dtype: picture.dtype)
    var x: any RowSource = layers.convolution(
      encoder.convIn, StoredRows(picture), outputs: config.blockOutChannels[0])
    for (level, (resnets, downsampler)) in encoder.levels.enumerated() {
      for resnet in resnets { x = layers.resnet(resnet, x, outputs: config.blockOutChannels[level]) }
      if let downsampler { x = layers.all(of: layers.downsampled(downsampler, x)) }
    }
    return distribution(encoder.convOut(encoder.normOut(encoder.mid(layers.all(of: x).image), silu: true)))
  }
}
