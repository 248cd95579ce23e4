import Checkpoints

/// Names of the U-Net: `down_blocks.1.resnets.0.conv1` is `input_blocks.4.0.in_layers.2` in original checkpoints.
///
/// Those number all blocks through, each with its down- or upsampler as a block or a part of one.
/// A pooled text beside the time has its place in such a network under the names of deep-floyd/IF
/// (deepfloyd_if/model/unet.py): `encoder_pooling`.
/// Source: CompVis/stable-diffusion, ldm/modules/diffusionmodules/openaimodel.py.
public struct UNetKeys: KeyMap {
  /// Residual blocks a level.
  let layersPerBlock: Int
  /// Whether each level, from full resolution down, has attention.
  let attention: [Bool]

  public init(layersPerBlock: Int, attention: [Bool]) {
    self.layersPerBlock = layersPerBlock
    self.attention = attention
  }

  private static let ends: [(from: String, to: String)] = [
    ("conv_in", "input_blocks.0.0"), ("time_embedding.linear_1", "time_embed.0"),
    ("time_embedding.linear_2", "time_embed.2"), ("add_embedding.linear_1", "label_emb.0.0"),
    ("add_embedding.linear_2", "label_emb.0.2"), ("add_embedding.norm1", "encoder_pooling.0"),
    ("add_embedding.pool", "encoder_pooling.1"), ("add_embedding.proj", "encoder_pooling.2"),
    ("add_embedding.norm2", "encoder_pooling.3"), ("conv_norm_out", "out.0"), ("conv_out", "out.2"),
    ("mid_block.attentions.0", "middle_block.1"),
  ]

  private static let resnet: [(from: String, to: String)] = [
    ("norm1", "in_layers.0"), ("conv1", "in_layers.2"), ("time_emb_proj", "emb_layers.1"),
    ("norm2", "out_layers.0"), ("conv2", "out_layers.3"), ("conv_shortcut", "skip_connection"),
  ]

  public func location(of key: String) -> TensorLocation? {
    original(key).map { TensorLocation($0) }
  }

  private func original(_ key: String) -> String? {
    var parts = KeyParts(key)
    if let end = parts.renamed(Self.ends) { return end }
    guard let kind = parts.next() else { return nil }
    if kind == "mid_block" {
      guard parts.take("resnets"), let index = parts.number(), index < 2, let inner = parts.renamed(Self.resnet)
      else { return nil }
      return "middle_block.\(2 * index).\(inner)"
    }
    guard kind == "down_blocks" || kind == "up_blocks", let level = parts.number(), level < attention.count,
      let part = parts.next(), let index = parts.number(), index <= layersPerBlock
    else { return nil }
    let isDown = kind == "down_blocks"
    let first = level * (layersPerBlock + 1) + (isDown ? 1 : 0)
    let block = isDown ? "input_blocks" : "output_blocks"
    switch part {
    case "resnets": return parts.renamed(Self.resnet).map { "\(block).\(first + index).0.\($0)" }
    case "attentions": return "\(block).\(first + index).1.\(parts.rest)"
    case "downsamplers" where isDown:
      return parts.renamed([("conv", "op")]).map { "\(block).\(first + layersPerBlock).0.\($0)" }
    case "upsamplers" where !isDown:
      // The upsampler follows the attention, where there is one.
      let place = attention[attention.count - 1 - level] ? 2 : 1
      return "\(block).\(first + layersPerBlock).\(place).\(parts.rest)"
    default: return nil
    }
  }

  public func keys(at original: String) -> [String] {
    guard let key = diffusers(original), self.original(key) == original else { return [] }
    return [key]
  }

  private func diffusers(_ original: String) -> String? {
    var parts = KeyParts(original)
    if let end = parts.renamed(Self.ends.swapped) { return end }
    guard let kind = parts.next(), let block = parts.number() else { return nil }
    if kind == "middle_block" {
      return parts.renamed(Self.resnet.swapped).map { "mid_block.resnets.\(block / 2).\($0)" }
    }
    guard let place = parts.number() else { return nil }
    let isDown = kind == "input_blocks"
    guard isDown ? block > 0 : kind == "output_blocks" else { return nil }
    let number = isDown ? block - 1 : block
    let (level, index) = (number / (layersPerBlock + 1), number % (layersPerBlock + 1))
    let prefix = "\(isDown ? "down" : "up")_blocks.\(level)"
    if isDown, let inner = parts.renamed([("op", "conv")]) { return "\(prefix).downsamplers.0.\(inner)" }
    if !isDown, parts.rest.hasPrefix("conv.") { return "\(prefix).upsamplers.0.\(parts.rest)" }
    if place == 0 { return parts.renamed(Self.resnet.swapped).map { "\(prefix).resnets.\(index).\($0)" } }
    return "\(prefix).attentions.\(index).\(parts.rest)"
  }
}

/// The running average of a U-Net's weights that training scripts keep beside them.
///
/// Its keys have no dots: `model_ema.diffusion_modelinput_blocks00weight`.
/// Source: CompVis/stable-diffusion, ldm/modules/ema.py.
public struct AveragedUNetKeys: KeyMap {
  let plain: UNetKeys
  static let prefix = "model_ema."

  public func location(of key: String) -> TensorLocation? {
    plain.location(of: key).map { TensorLocation(Self.averaged($0.key)) }
  }

  /// Names without dots cannot be taken apart, so what is left over is not looked at.
  public func keys(at original: String) -> [String] { [] }
  public func isUnneeded(_ original: String) -> Bool { true }

  static func averaged(_ original: String) -> String {
    "diffusion_model" + original.split(separator: ".").joined()
  }
}
