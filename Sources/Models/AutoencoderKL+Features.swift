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
}
