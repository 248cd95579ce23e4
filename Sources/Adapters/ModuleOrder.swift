import Checkpoints

/// The order in which cloneofsimo's files number the modules: that in which torch registered them.
///
/// Source: `lora_diffusion`, which wraps the linear layers inside the classes `CrossAttention`, `Attention` and
/// (newer files) `GEGLU` of the U-Net and `CLIPAttention` of the text encoder as `named_modules` finds them.
enum ModuleOrder {
  /// Modules of a network that hold the given weights, in torch's order.
  /// - Parameter withFeedForward: whether the files number `GEGLU`'s projection, too.
  static func modules(_ names: some Sequence<String>, network: ModelPart, withFeedForward: Bool) -> [String] {
    let chosen = names.filter { name in
      if network != .unet { return name.contains(".self_attn.") }
      return name.contains(".attn1.") || name.contains(".attn2.")
        || (withFeedForward && name.hasSuffix(".ff.net.0.proj"))
    }
    return chosen.map { (name: $0, key: position($0)) }
      .sorted { $0.key.lexicographicallyPrecedes($1.key) }.map(\.name)
  }

  /// Where torch's order of registration differs from none at all: the middle block is created last, the
  /// feed-forward network before cross-attention.
  private static let ranks: [Substring: Int] = [
    "down_blocks": 0, "up_blocks": 1, "mid_block": 2, "attn1": 0, "ff": 1, "attn2": 2,
    "to_q": 0, "to_k": 1, "to_v": 2, "to_out": 3, "k_proj": 0, "v_proj": 1, "q_proj": 2, "out_proj": 3,
  ]

  private static func position(_ name: String) -> [Int] {
    name.split(separator: ".").map { Int($0) ?? ranks[$0] ?? 0 }
  }
}
