import NN
import TensorCore

/// What stands behind each residual block of a U-Net level.
enum PixelMixer: Sendable {
  case transformer(Transformer2DModel)
  case attention(ImageAttention)

  func callAsFunction(_ x: Tensor, context: Tensor?) -> Tensor {
    switch self {
    case .transformer(let block):
      guard let context else { preconditionFailure("a cross-attention block without a context") }
      return block(x, context: context)
    case .attention(let block): return block(x)
    }
  }
}

/// The kind of mixing a level has, with its sizes; nil where a level has none.
enum MixerKind: Sendable {
  case transformer(context: Int, heads: Int, depth: Int, linear: Bool)
  /// Self-attention over pixels, as in unconditional U-Nets; one head where `headWidth` is nil.
  case attention(headWidth: Int?)

  func make(_ p: ParameterPath, channels: Int, groups: Int, epsilon: Float, scale: Float = 1) -> PixelMixer {
    switch self {
    case .transformer(let context, let heads, let depth, let linear):
      .transformer(
        Transformer2DModel(
          p, channels: channels, context: context, heads: heads, depth: depth, groups: groups,
          linear: linear))
    case .attention(let headWidth):
      .attention(
        ImageAttention(
          p, channels: channels, heads: channels / (headWidth ?? channels), groups: groups, epsilon: epsilon,
          scale: scale))
    }
  }
}

/// Sizes that all blocks of one U-Net share.
struct UNetBlockStyle: Sendable {
  let timeWidth: Int
  let groups: Int
  let epsilon: Float
  /// Of the downsamplers.
  let padding: Padding
  /// What sums in the middle are divided by (diffusers' `mid_block_scale_factor`).
  let midScale: Float
  var conditioning = TimeConditioning.shift
}

/// A residual block and what stands behind it; recomputed for gradients where that is asked for.
private func layer(_ resnet: ResnetBlock2D, _ mixer: PixelMixer?, _ x: Tensor, time: Tensor, context: Tensor?) -> Tensor
{
  Recomputation.block([x, time] + (context.map { [$0] } ?? [])) { inputs in
    let h = resnet(inputs[0], time: inputs[1])
    return mixer.map { $0(h, context: inputs.count > 2 ? inputs[2] : nil) } ?? h
  }
}

/// A level on the way down: residual blocks, each with its mixer, then a downsampler.
struct UNetDownBlock: Sendable {
  let resnets: [ResnetBlock2D]
  let mixers: [PixelMixer]
  let downsampler: Downsample2D?

  init(
    _ p: ParameterPath, inputs: Int, outputs: Int, layers: Int, mixer: MixerKind?, downsample: Bool,
    _ style: UNetBlockStyle
  ) {
    resnets = (0..<layers).map {
      ResnetBlock2D(
        p.resnets[$0], $0 == 0 ? inputs : outputs, outputs, timeWidth: style.timeWidth,
        groups: style.groups, epsilon: style.epsilon, conditioning: style.conditioning)
    }
    mixers = (0..<layers).compactMap {
      mixer?.make(
        p.attentions[$0], channels: outputs, groups: style.groups, epsilon: style.epsilon)
    }
    downsampler = downsample ? Downsample2D(p.downsamplers[0], outputs, padding: style.padding) : nil
  }

  /// Appends to `skips` the result of each layer and of the downsampler.
  func callAsFunction(_ x: Tensor, time: Tensor, context: Tensor?, skips: inout [Tensor]) -> Tensor {
    var h = x
    for (i, resnet) in resnets.enumerated() {
      h = layer(resnet, mixers.isEmpty ? nil : mixers[i], h, time: time, context: context)
      skips.append(h)
    }
    if let downsampler {
      h = downsampler(h)
      skips.append(h)
    }
    return h
  }
}

/// The bottom: residual block, mixer, residual block.
struct UNetMidBlock: Sendable {
  let resnets: [ResnetBlock2D]
  let mixer: PixelMixer?

  init(_ p: ParameterPath, channels: Int, mixer: MixerKind?, _ style: UNetBlockStyle) {
    resnets = (0..<2).map {
      ResnetBlock2D(
        p.resnets[$0], channels, channels, timeWidth: style.timeWidth, groups: style.groups,
        epsilon: style.epsilon, conditioning: style.conditioning, scale: style.midScale)
    }
    self.mixer = mixer?.make(
      p.attentions[0], channels: channels, groups: style.groups, epsilon: style.epsilon, scale: style.midScale)
  }

  func callAsFunction(_ x: Tensor, time: Tensor, context: Tensor?) -> Tensor {
    let h = layer(resnets[0], mixer, x, time: time, context: context)
    return layer(resnets[1], nil, h, time: time, context: context)
  }
}

/// A level on the way up: each residual block takes one skip connection; then an upsampler.
struct UNetUpBlock: Sendable {
  let resnets: [ResnetBlock2D]
  let mixers: [PixelMixer]
  let upsampler: Upsample2D?

  /// - Parameters:
  ///   - previous: channels that come from below.
  ///   - skipsEnd: channels of the last skip connection of this level (its first layer on the way down had them as input).
  init(
    _ p: ParameterPath, previous: Int, outputs: Int, skipsEnd: Int, layers: Int, mixer: MixerKind?,
    upsample: Bool, _ style: UNetBlockStyle
  ) {
    resnets = (0..<layers).map {
      let skip = $0 == layers - 1 ? skipsEnd : outputs
      return ResnetBlock2D(
        p.resnets[$0], ($0 == 0 ? previous : outputs) + skip, outputs, timeWidth: style.timeWidth,
        groups: style.groups, epsilon: style.epsilon, conditioning: style.conditioning)
    }
    mixers = (0..<layers).compactMap {
      mixer?.make(
        p.attentions[$0], channels: outputs, groups: style.groups, epsilon: style.epsilon)
    }
    upsampler = upsample ? Upsample2D(p.upsamplers[0], outputs) : nil
  }

  func callAsFunction(_ x: Tensor, time: Tensor, context: Tensor?, skips: inout [Tensor]) -> Tensor {
    var h = x
    for (i, resnet) in resnets.enumerated() {
      let joined = Tensor.concatenate([h, skips.removeLast()], axis: 3)
      h = layer(resnet, mixers.isEmpty ? nil : mixers[i], joined, time: time, context: context)
    }
    guard let upsampler else { return h }
    let size = skips.last.map { (height: $0.shape[1], width: $0.shape[2]) }
    return upsampler(h, size: size)
  }
}
