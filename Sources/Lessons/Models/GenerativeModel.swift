import NN
import TensorCore
import Training

/// A model of vectors: one of the kinds that are compared.
package protocol GenerativeModel {
  /// What is trained.
  var groups: [ParameterGroup] { get }

  /// The mean loss over vectors `[B, D]`, a scalar.
  func loss(_ x: Tensor, random: inout [ExampleRandom]) -> Tensor

  /// Draws vectors `[count, D]`.
  func sample(_ count: Int, seed: UInt64) -> Tensor

  /// The logarithm of the density at each row of `[B, D]`, in nats; nil where the model has none.
  func logLikelihood(_ x: Tensor, seed: UInt64) -> [Double]?

  /// What kind of number that is.
  var likelihoodKind: LikelihoodKind { get }
}

/// How near a likelihood is to the model's own.
package enum LikelihoodKind: String, Codable, Sendable {
  case exact
  /// Of the probability-flow equation, as far as steps solve it.
  case integrated
  /// Not more than the model's own.
  case bound
  case none
}

/// What a generative model learns, as a run sees it.
package struct GenerativeObjective: Objective {
  package let model: any GenerativeModel
  package var groups: [ParameterGroup] { model.groups }

  package func loss(_ batch: Tensor, random: inout [ExampleRandom]) -> Tensor { model.loss(batch, random: &random) }
}

/// Normal numbers that belong to a seed, and densities of them.
enum StandardNormal {
  /// `[count, width]`.
  static func draw(_ shape: [Int], seed: UInt64, stream: UInt64 = 7) -> Tensor {
    var random = ExampleRandom(seed: seed, example: 0, epoch: 0, stream: stream)
    return random.normal(shape)
  }

  /// `log N(z; 0, 1)` of each row, in nats, recorded: `[B]`.
  static func logDensity(_ z: Tensor) -> Tensor {
    z.squared.sum(axes: [1], scale: -0.5) - 0.5 * Float(z.shape[1]) * Float(1.8378770664093453)
  }
}
