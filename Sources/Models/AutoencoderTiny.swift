import Configurations
import NN
import TensorCore

/// The configuration of `AutoencoderTiny` (TAESD): diffusers' `config.json`.
public struct AutoencoderTinyConfig: Codable, Sendable, Equatable {
  public var inChannels = 3
  public var outChannels = 3
  public var latentChannels = 4
  public var encoderBlockOutChannels = [64, 64, 64, 64]
  public var decoderBlockOutChannels = [64, 64, 64, 64]
  public var numEncoderBlocks = [1, 3, 3, 3]
  public var numDecoderBlocks = [3, 3, 3, 1]
  public var scalingFactor: Float = 1

  enum CodingKeys: String, CodingKey {
    case inChannels = "in_channels"
    case outChannels = "out_channels"
    case latentChannels = "latent_channels"
    case encoderBlockOutChannels = "encoder_block_out_channels"
    case decoderBlockOutChannels = "decoder_block_out_channels"
    case numEncoderBlocks = "num_encoder_blocks"
    case numDecoderBlocks = "num_decoder_blocks"
    case scalingFactor = "scaling_factor"
  }

  public init() {}

  public init(from decoder: any Decoder) throws {
    self.init()
    let c = try decoder.container(keyedBy: CodingKeys.self)
    try c.read(.inChannels, into: &inChannels)
    try c.read(.outChannels, into: &outChannels)
    try c.read(.latentChannels, into: &latentChannels)
    try c.read(.encoderBlockOutChannels, into: &encoderBlockOutChannels)
    try c.read(.decoderBlockOutChannels, into: &decoderBlockOutChannels)
    try c.read(.numEncoderBlocks, into: &numEncoderBlocks)
    try c.read(.numDecoderBlocks, into: &numDecoderBlocks)
    try c.read(.scalingFactor, into: &scalingFactor)
    try ConfigurationError.check(decoder, "AutoencoderTiny", Self.settings)
    try validate()
  }

  /// Checks everything construction relies on.
  public func validate() throws(ConfigurationError) {
    try checkBounds()
    try ConfigurationError.require(
      scalingFactor.isFinite && abs(scalingFactor) > 1e-20, "AutoencoderTiny", "scaling_factor",
      "\(scalingFactor) must not be zero")
    let counts = [numEncoderBlocks, numDecoderBlocks]
    let widths = [encoderBlockOutChannels, decoderBlockOutChannels]
    try ConfigurationError.require(
      zip(counts, widths).allSatisfy { !$0.isEmpty && $0.count == $1.count }
        && (counts + widths).allSatisfy { $0.allSatisfy { $0 > 0 } },
      "AutoencoderTiny", "num_encoder_blocks",
      "and block_out_channels must be positive and of one length")
  }
}

/// TAESD: a small autoencoder for the latents of Stable Diffusion. Pictures in ±1.
public struct AutoencoderTiny: Sendable {
  public let config: AutoencoderTinyConfig
  let encoder, decoder: [Layer]

  /// Layers are numbered in one flat list, activations and upsamplers included, as in the checkpoint.
  enum Layer: Sendable {
    case conv(Conv2d)
    case block([Conv2d])
    case relu
    case upsample

    func callAsFunction(_ x: Tensor) -> Tensor {
      switch self {
      case .conv(let conv): return conv(x)
      case .relu: return x.applying(.relu)
      case .upsample: return x.upsampledNearest2x
      case .block(let convs):
        let h = convs[1](convs[0](x, activation: .relu), activation: .relu)
        return convs[2](h, residual: x, activation: .relu)
      }
    }
  }

  public init(_ p: ParameterPath, _ config: AutoencoderTinyConfig) {
    self.config = config
    func block(_ p: ParameterPath, _ width: Int) -> Layer {
      .block([0, 2, 4].map { Conv2d(p.conv[$0], width, width) })
    }
    let e = p.encoder.layers
    var layers: [Layer] = []
    for (level, width) in config.encoderBlockOutChannels.enumerated() {
      let path = e[layers.count]
      layers.append(
        .conv(
          level == 0
            ? Conv2d(path, config.inChannels, width)
            : Conv2d(path, width, width, stride: 2, bias: false)))
      for _ in 0..<config.numEncoderBlocks[level] { layers.append(block(e[layers.count], width)) }
    }
    layers.append(
      .conv(
        Conv2d(
          e[layers.count], config.encoderBlockOutChannels.last ?? 0, config.latentChannels)))
    encoder = layers

    let d = p.decoder.layers
    let last = config.decoderBlockOutChannels.count - 1
    layers = [
      .conv(Conv2d(d[0], config.latentChannels, config.decoderBlockOutChannels[0])), .relu,
    ]
    for (level, width) in config.decoderBlockOutChannels.enumerated() {
      for _ in 0..<config.numDecoderBlocks[level] { layers.append(block(d[layers.count], width)) }
      if level < last { layers.append(.upsample) }
      layers.append(
        .conv(
          Conv2d(
            d[layers.count], width, level < last ? width : config.outChannels, bias: level == last)))
    }
    decoder = layers
  }

  /// `[B, H, W, 3]` in ±1 to latents an eighth of the size.
  public func encode(_ image: Tensor) -> Tensor {
    encoder.reduce(image.scaled(by: 0.5, plus: 0.5)) { $1($0) }
  }

  /// Latents to pictures in ±1.
  public func decode(_ latents: Tensor) -> Tensor {
    let bounded = latents.scaled(by: 1 / 3).applying(.tanh) * 3
    return decoder.reduce(bounded) { $1($0) }.scaled(by: 2, plus: -1)
  }
}
