import Checkpoints
import Models
import NN

/// The classes of denoising networks, by diffusers' names.
enum NetworkClass {
  /// Those of the families, which work on latents.
  static var ofFamilies: [any BuildableNetwork.Type] { ModelFamily.allCases.flatMap(\.traits.networks) }
  /// All: those of families may work on pixels, too.
  static var all: [any BuildableNetwork.Type] { [UNet2DModel.self] + ofFamilies }

  /// A pipeline's denoising network: its folder and class; nil where it has none of these.
  static func find(
    in index: ModelIndex, among known: [any BuildableNetwork.Type] = ofFamilies
  ) -> (part: ModelPart, type: any BuildableNetwork.Type)? {
    for part in ModelPart.networks {
      guard let name = index.component(part.rawValue)?.className else { continue }
      if let type = known.first(where: { $0.classNames.contains(name) }) { return (part, type) }
    }
    return nil
  }

  /// Decodes the configuration of a network's class.
  /// - Parameter decode: reads a type from the network's `config.json`.
  static func config(
    of type: any BuildableNetwork.Type, _ decode: (any DenoisingNetworkConfig.Type) throws -> any DenoisingNetworkConfig
  ) rethrows -> any DenoisingNetworkConfig {
    func opened<Network: BuildableNetwork>(_ type: Network.Type) throws -> any DenoisingNetworkConfig {
      try decode(Network.Config.self)
    }
    return try opened(type)
  }

  /// Builds the network of a configuration.
  static func build(_ config: any DenoisingNetworkConfig, _ path: ParameterPath) -> any DenoisingNetwork {
    func build<Network: BuildableNetwork>(_ type: Network.Type) -> (any DenoisingNetwork)? {
      (config as? Network.Config).map { Network(path, $0) }
    }
    for type in all {
      if let network = build(type) { return network }
    }
    preconditionFailure("no network is of the class \(config.className)")
  }
}
