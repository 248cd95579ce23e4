import Checkpoints
import NN

/// Finds the module of a model that each module of one adapter file is about.
struct AdapterModuleFinder {
  private let networks: [NetworkModules]
  /// For numbered files: the modules of each network in the file's order. Without a name, the network is the one
  /// that has as many modules.
  private var numbered: [ModelPart?: (network: NetworkModules, names: [String])] = [:]

  init(_ file: AdapterFile, _ networks: [NetworkModules]) {
    self.networks = networks
    var counts: [ModelPart?: Int] = [:]
    for module in file.modules {
      if case .ordinal(let network, let index) = module.location {
        counts[network] = max(counts[network] ?? 0, index + 1)
      }
    }
    for (network, count) in counts {
      for candidate in networks where network == nil || network == candidate.network {
        guard let names = candidate.numbered(count: count) else { continue }
        numbered[network] = (candidate, names)
        break
      }
    }
  }

  /// The network and name of a module; nil if the model has none such.
  func find(_ module: AdapterModule) -> (NetworkModules, String)? {
    switch module.location {
    case .ordinal(let network, let index):
      guard let list = numbered[network], index < list.names.count else { return nil }
      return (list.network, list.names[index])
    case .named(let network, let flat):
      for candidate in networks where network == nil || network == candidate.network {
        if let name = candidate.module(flat) { return (candidate, name) }
      }
      return nil
    }
  }
}
