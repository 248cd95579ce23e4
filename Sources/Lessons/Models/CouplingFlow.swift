import Foundation
import NN
import TensorCore
import Training

/// A normalising flow of affine couplings (RealNVP; Dinh et al. 2017): invertible steps from data to normal numbers, whose change
/// of volume is a sum, so that the density of every vector is known exactly.
package struct CouplingFlow: GenerativeModel {
  /// One step: a part of the vector stays, and says how the other is scaled and moved (eq. 4 and 5 there).
  private struct Coupling {
    let network: DenseNetwork
    /// Numbers that stay.
    let kept: Int
    /// Logarithms of scales lie within plus and minus this.
    private static let limit: Float = 2

    /// Logarithm of the scale, and shift, of what does not stay.
    func change(_ kept: Tensor) -> (logScale: Tensor, shift: Tensor) {
      let width = network.outputs / 2
      let parts = network(kept).split(axis: 1, [width, width])
      return ((parts[0] * (1 / Self.limit)).applying(.tanh) * Self.limit, parts[1])
    }
  }

  private let couplings: [Coupling]
  private let width: Int
  package let groups: [ParameterGroup]
  package var likelihoodKind: LikelihoodKind { .exact }

  package init(width: Int, couplings: Int, hidden: Int, depth: Int, seed: UInt64) {
    let store = ParameterStore(RandomInitialization(seed: seed), isTrainable: { _ in true })
    self.width = width
    self.couplings = (0..<couplings).map { index in
      // The parts change places after each step, so that each is changed by turns.
      let kept = index % 2 == 0 ? width / 2 : width - width / 2
      return Coupling(
        network: DenseNetwork(
          store.root.couplings[index], kept, 2 * (width - kept), width: hidden, depth: depth, startsAtZero: true),
        kept: kept)
    }
    groups = [ParameterGroup("flow", store.parameters)]
  }

  /// Data to normal numbers.
  /// - Returns: those, `[B, D]`, and the logarithm of each row's change of volume, `[B]` (eq. 6 there).
  package func forward(_ x: Tensor) -> (z: Tensor, logVolume: Tensor) {
    var (z, logVolume) = (dealt(x), Tensor.zeros([x.shape[0]]))
    for step in couplings {
      let parts = z.split(axis: 1, [step.kept, width - step.kept])
      let (logScale, shift) = step.change(parts[0])
      z = Tensor.concatenate([parts[1] * logScale.applying(.exp) + shift, parts[0]], axis: 1)
      logVolume = logVolume + logScale.sum(axes: [1])
    }
    return (z, logVolume)
  }

  /// Normal numbers to data: the same steps back.
  package func inverse(_ z: Tensor) -> Tensor {
    var x = z
    for step in couplings.reversed() {
      let parts = x.split(axis: 1, [width - step.kept, step.kept])
      let (logScale, shift) = step.change(parts[1])
      x = Tensor.concatenate([parts[1], (parts[0] - shift) * (-logScale).applying(.exp)], axis: 1)
    }
    return gathered(x)
  }

  /// Every other number first, then those between: of pictures, the parts are then columns side by side and know much of each
  /// other (the masks of §3.4 there).
  private func dealt(_ x: Tensor) -> Tensor {
    guard width % 2 == 0 else { return x }
    return x.reshaped([x.shape[0], width / 2, 2]).permuted([0, 2, 1]).reshaped(x.shape)
  }

  /// The other way.
  private func gathered(_ x: Tensor) -> Tensor {
    guard width % 2 == 0 else { return x }
    return x.reshaped([x.shape[0], 2, width / 2]).permuted([0, 2, 1]).reshaped(x.shape)
  }

  /// `log p(x) = log N(f(x); 0, 1) + log |det ∂f/∂x|` of each row (eq. 2 there).
  private func logDensity(_ x: Tensor) -> Tensor {
    let (z, logVolume) = forward(x)
    return StandardNormal.logDensity(z) + logVolume
  }

  package func loss(_ x: Tensor, random: inout [ExampleRandom]) -> Tensor { -logDensity(x).mean() }

  package func sample(_ count: Int, seed: UInt64) -> Tensor {
    inverse(StandardNormal.draw([count, width], seed: seed))
  }

  package func logLikelihood(_ x: Tensor, seed: UInt64) -> [Double]? { logDensity(x).floats().map(Double.init) }
}
