import Checkpoints
import ModelFiles
import NN

/// The modules of one network, found by any name an adapter file has for them.
struct NetworkModules: Sendable {
  let network: ModelPart
  let source: any ParameterSource
  private let names: Set<String>
  /// Our name for each spelling.
  private let known: [String: String]

  init(_ network: ModelPart, _ source: any ParameterSource) {
    self.network = network
    self.source = source
    names = Set(source.keys.compactMap(Self.module))
    let original = network == .unet ? Self.originalKeys(names) : nil
    var known: [String: String] = [:]
    for name in names {
      for alias in ModuleAliases.all(name, original: original) { known[alias] = name }
    }
    self.known = known
  }

  /// A U-Net module's name in the original code; its own if it had none.
  func originalName(_ module: String) -> String { Self.originalKeys(names).location(of: module)?.key ?? module }

  /// The module of that spelling, or nil.
  func module(_ flat: String) -> String? { known[flat] }

  /// The modules that a file with `count` numbered ones is about, in its order; nil if no list is as long.
  func numbered(count: Int) -> [String]? {
    let weights = names.filter { source.shape(of: "\($0).weight") != nil }
    return [true, false].lazy.map { ModuleOrder.modules(weights, network: network, withFeedForward: $0) }
      .first { $0.count == count }
  }

  /// The naming scheme of the original code, in which many files name SDXL's modules.
  private static func originalKeys(_ names: Set<String>) -> UNetKeys {
    func count(_ prefix: String) -> Int {
      (0...).first { index in !names.contains { $0.hasPrefix("\(prefix)\(index).") } } ?? 0
    }
    let attention = (0..<count("down_blocks.")).map { count("down_blocks.\($0).attentions.") > 0 }
    return UNetKeys(layersPerBlock: count("down_blocks.0.resnets."), attention: attention)
  }

  /// The module of a key, without `weight` or `bias`.
  private static func module(_ key: String) -> String? {
    for end in [".weight", ".bias"] where key.hasSuffix(end) { return String(key.dropLast(end.count)) }
    return nil
  }
}
