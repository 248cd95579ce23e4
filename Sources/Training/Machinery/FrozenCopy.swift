import NN
import TensorCore

/// A network of the same weights as another, through which gradients flow to what it is given and to no weight.
package struct FrozenCopy<Network> {
  package let network: Network
  private let pairs: [(source: Parameter, copy: Parameter)]

  /// - Parameters:
  ///   - parameters: the other's, in the order in which `build` asks for them.
  ///   - build: makes the network.
  package init(of parameters: [Parameter], _ build: (ParameterPath) -> Network) {
    let values = Dictionary(uniqueKeysWithValues: parameters.map { ($0.name, $0.value) })
    let store = ParameterStore(TensorDictionary(values))
    network = build(store.root)
    pairs = zip(parameters, store.parameters).map { (source: $0, copy: $1) }
  }

  /// The network with the weights as they are now.
  package func current() -> Network {
    for pair in pairs { pair.copy.replace(with: pair.source.value) }
    return network
  }
}
