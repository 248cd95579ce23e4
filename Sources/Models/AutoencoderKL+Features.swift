import TensorCore

extension AutoencoderKL {
  /// What the encoder sees at each of its scales, finest first: `[B, H/2ⁱ, W/2ⁱ, C]`. `image` is `[B, H, W, 3]` in ±1.
  public func encoderFeatures(_ image: Tensor) -> [Tensor] {
    var h = encoder.convIn(image)
    var features: [Tensor] = []
    for (resnets, downsampler) in encoder.levels {
      for resnet in resnets { h = resnet(h, time: nil) }
      features.append(h)
      if let downsampler { h = downsampler(h) }
    }
    return features
  }

  /// Mean and deviation of each channel of `encoderFeatures`, `[B, 2 · channels]` in float32: what style transfer calls
  /// style (Huang & Belongie 2017, eq. 13). For each scale the means come first.
  public func encoderStatistics(_ image: Tensor) -> Tensor {
    .concatenate(
      encoderFeatures(image).flatMap { feature in
        let f = feature.cast(to: .f32)
        let (batch, width) = (f.shape[0], f.shape[3])
        let mean = f.mean(axes: [1, 2])
        let variance = (f - mean.reshaped([batch, 1, 1, width])).squared.mean(axes: [1, 2])
        return [mean, variance.applying(.sqrt)]
      }, axis: 1)
  }
}
