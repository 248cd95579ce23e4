import Checkpoints

/// Names of the autoencoder: `decoder.up_blocks.0.resnets.1.conv1` is `decoder.up.3.block.1.conv1` in original files.
///
/// The levels of the decoder are numbered from full resolution down there, as those of the encoder are.
/// Source: CompVis/stable-diffusion, ldm/modules/diffusionmodules/model.py.
public struct AutoencoderKeys: KeyMap {
  let levels: Int

  public init(levels: Int) { self.levels = levels }

  private static let ends: [(from: String, to: String)] = [
    ("conv_in", "conv_in"), ("conv_out", "conv_out"), ("conv_norm_out", "norm_out"),
    ("mid_block.attentions.0.group_norm", "mid.attn_1.norm"),
  ]

  /// Projections of the attention; the last four are diffusers' names before version 0.17.
  private static let projections: [(from: String, to: String)] = [
    ("to_q", "q"), ("to_k", "k"), ("to_v", "v"), ("to_out.0", "proj_out"), ("query", "q"), ("key", "k"),
    ("value", "v"), ("proj_attn", "proj_out"),
  ]

  private static let shortcut: [(from: String, to: String)] = [("conv_shortcut", "nin_shortcut")]

  public func location(of key: String) -> TensorLocation? {
    if key.hasPrefix("quant_conv.") || key.hasPrefix("post_quant_conv.") { return TensorLocation(key) }
    var parts = KeyParts(key)
    guard let side = parts.next(), side == "encoder" || side == "decoder" else { return nil }
    if let end = parts.renamed(Self.ends) { return TensorLocation("\(side).\(end)") }
    guard let kind = parts.next() else { return nil }
    if kind == "mid_block" {
      guard let part = parts.next(), let index = parts.number() else { return nil }
      if part == "resnets" { return TensorLocation("\(side).mid.block_\(index + 1).\(Self.inner(parts))") }
      guard part == "attentions", index == 0, let inner = parts.renamed(Self.projections) else { return nil }
      return TensorLocation("\(side).mid.attn_1.\(inner)", inner.hasSuffix("weight") ? .pointwise : .whole)
    }
    let isDown = kind == "down_blocks" && side == "encoder"
    guard isDown || kind == "up_blocks" && side == "decoder", let level = parts.number(), level < levels,
      let part = parts.next(), let index = parts.number()
    else { return nil }
    let prefix = isDown ? "\(side).down.\(level)" : "\(side).up.\(levels - 1 - level)"
    switch part {
    case "resnets": return TensorLocation("\(prefix).block.\(index).\(Self.inner(parts))")
    case isDown ? "downsamplers" : "upsamplers":
      return TensorLocation("\(prefix).\(isDown ? "downsample" : "upsample").\(parts.rest)")
    default: return nil
    }
  }

  private static func inner(_ parts: KeyParts) -> String { parts.renamed(shortcut) ?? parts.rest }

  public func keys(at original: String) -> [String] {
    guard let key = diffusers(original), location(of: key)?.key == original else { return [] }
    return [key]
  }

  private func diffusers(_ original: String) -> String? {
    if original.hasPrefix("quant_conv.") || original.hasPrefix("post_quant_conv.") { return original }
    var parts = KeyParts(original)
    guard let side = parts.next() else { return nil }
    if let end = parts.renamed(Self.ends.swapped) { return "\(side).\(end)" }
    guard let kind = parts.next() else { return nil }
    if kind == "mid" {
      guard let part = parts.next() else { return nil }
      if part == "attn_1" {
        return parts.renamed(Self.projections.swapped).map { "\(side).mid_block.attentions.0.\($0)" }
      }
      guard part.hasPrefix("block_"), let number = part.dropFirst(6).blockNumber else { return nil }
      return "\(side).mid_block.resnets.\(number - 1).\(Self.innerBack(parts))"
    }
    guard kind == "down" || kind == "up", let number = parts.number(), number < levels, let part = parts.next()
    else { return nil }
    let prefix = kind == "down" ? "\(side).down_blocks.\(number)" : "\(side).up_blocks.\(levels - 1 - number)"
    switch part {
    case "block": return parts.number().map { "\(prefix).resnets.\($0).\(Self.innerBack(parts))" }
    case "downsample": return "\(prefix).downsamplers.0.\(parts.rest)"
    case "upsample": return "\(prefix).upsamplers.0.\(parts.rest)"
    default: return nil
    }
  }

  private static func innerBack(_ parts: KeyParts) -> String { parts.renamed(shortcut.swapped) ?? parts.rest }
}
