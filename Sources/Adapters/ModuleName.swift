import Checkpoints
import ModelFiles

/// Where an adapter file says a change belongs.
enum ModuleLocation: Hashable {
  /// By name: the network if the name tells, and the module's path with underscores between its parts.
  case named(ModelPart?, String)
  /// By position in the list of all modules of the changed kinds (cloneofsimo's files).
  case ordinal(ModelPart?, Int)

  /// Understands a module's name as any of the tools writes it.
  ///
  /// Underscores stand in names of modules too, so a path cannot be read from a kohya name; instead every path is
  /// spelled with underscores on both sides and looked up.
  init(file name: String) {
    var name = name
    var network: ModelPart?
    func removeWrapper() { if name.hasPrefix(Self.wrapper) { name.removeFirst(Self.wrapper.count) } }
    removeWrapper()
    if let (prefix, found) = Self.prefixes.first(where: { name.hasPrefix($0.0) }) {
      name.removeFirst(prefix.count)
      network = found
    }
    removeWrapper()
    // `attn1.processor.to_q_lora` of old diffusers files is about `attn1.to_q`.
    let parts = name.split(separator: ".").filter { $0 != "processor" }
    self = .named(network, parts.joined(separator: "_"))
  }

  /// What PEFT puts before every name, alone or behind the network's.
  private static let wrapper = "base_model.model."

  private static let prefixes: [(String, ModelPart)] = [
    ("lora_unet_", .unet), ("lycoris_", .unet), ("unet.", .unet), ("diffusion_model.", .unet),
    ("model.diffusion_model.", .unet),
    ("lora_te1_", .textEncoder), ("lora_te2_", .textEncoder2), ("lora_te_", .textEncoder),
    ("text_encoder_2.", .textEncoder2), ("text_encoder.", .textEncoder),
  ]
}

/// The names adapter files have for a module of ours.
enum ModuleAliases {
  /// Every spelling of a module's path, with underscores between its parts.
  /// - Parameters:
  ///   - module: the path, such as `mid_block.attentions.0.proj_in`.
  ///   - original: gives a U-Net module's name in the original code; nil for text encoders.
  static func all(_ module: String, original: UNetKeys?) -> [String] {
    var paths = [module]
    if let original {
      if let location = original.location(of: module) { paths.append(location.key) }
    } else {
      // Newer tools leave the first part out.
      let bare = module.hasPrefix("text_model.") ? String(module.dropFirst("text_model.".count)) : module
      paths = [bare, "text_model." + bare]
      // Old diffusers files call the projections as in U-Nets.
      let older = ["q_proj": "to_q", "k_proj": "to_k", "v_proj": "to_v", "out_proj": "to_out"]
      for (name, old) in older where bare.hasSuffix("self_attn." + name) {
        paths += paths.map { String($0.dropLast(name.count)) + old }
      }
    }
    // `to_out` is a list of a projection and dropout; some files leave out the index.
    paths += paths.filter { $0.hasSuffix(".to_out.0") }.map { String($0.dropLast(2)) }
    return paths.map(flat)
  }

  /// A path with underscores between its parts.
  static func flat(_ path: String) -> String { String(path.map { $0 == "." ? "_" : $0 }) }
}
