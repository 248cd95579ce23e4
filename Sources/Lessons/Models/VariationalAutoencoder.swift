import Foundation
import NN
import TensorCore
import Training

/// A variational autoencoder (Kingma & Welling 2014): a vector has a cause `z` of a few normal numbers; one network guesses the
/// cause, another makes the vector of it. The decoder's deviation is one number, learnt with the rest (Rybkin et al. 2021).
package struct VariationalAutoencoder: GenerativeModel {
  private let encoder, decoder: DenseNetwork
  private let logVariance: Parameter
  private let latent: Int
  package let groups: [ParameterGroup]
  package var likelihoodKind: LikelihoodKind { .bound }
  /// Causes that are drawn for each vector whose likelihood is estimated.
  private static let causes = 256
  private static let widening: Float = 1.5

  package init(width inputs: Int, latent: Int, hidden: Int, depth: Int, seed: UInt64) {
    let store = ParameterStore(RandomInitialization(seed: seed), isTrainable: { _ in true })
    encoder = DenseNetwork(store.root.encoder, inputs, 2 * latent, width: hidden, depth: depth)
    decoder = DenseNetwork(store.root.decoder, latent, inputs, width: hidden, depth: depth)
    logVariance = store.root.log_variance.parameter([1], .zeros)
    self.latent = latent
    groups = [ParameterGroup("vae", store.parameters)]
  }

  /// Where the logarithm of the decoder's variance starts: with a large variance causes would be of no use, and training
  /// would stay there.
  private static let start: Float = -4

  private var decoderLogVariance: Tensor { logVariance.tensor + Self.start }

  /// Mean and logarithm of the variance of the cause of each row.
  private func posterior(_ x: Tensor) -> (mean: Tensor, logVariance: Tensor) {
    let parts = encoder(x).split(axis: 1, [latent, latent])
    return (parts[0], parts[1])
  }

  /// `log p(x | z)` of each row: normal around what the decoder makes of the cause.
  private func logConditional(_ x: Tensor, _ z: Tensor) -> Tensor {
    let logV = decoderLogVariance
    let inverse = (-logV).applying(.exp)
    let error = ((x - decoder(z)).squared * inverse).sum(axes: [1], scale: -0.5)
    return error - (logV + Float(log(2 * Double.pi))) * (0.5 * Float(x.shape[1]))
  }

  /// Less than the logarithm of the density, on average by how far the guess is from the posterior (eq. 10 there):
  /// `E log p(x | z) − KL(q(z | x) ‖ N(0, 1))`, negative, with `z = μ + σ ε`.
  package func loss(_ x: Tensor, random: inout [ExampleRandom]) -> Tensor {
    let (mean, logV) = posterior(x)
    let z = mean + (logV * 0.5).applying(.exp) * random.normal(like: mean.shape)
    let divergence = (logV + 1 - mean.squared - logV.applying(.exp)).sum(axes: [1], scale: -0.5)
    return (divergence - logConditional(x, z)).mean()
  }

  package func sample(_ count: Int, seed: UInt64) -> Tensor {
    let made = decoder(StandardNormal.draw([count, latent], seed: seed))
    let deviation = (decoderLogVariance * 0.5).applying(.exp)
    return made + StandardNormal.draw(made.shape, seed: seed, stream: 8) * deviation
  }

  /// `log 1/K Σ p(x | z) p(z) / q(z | x)` over K causes (Burda et al. 2016, eq. 8): a bound that closes as K grows.
  package func logLikelihood(_ x: Tensor, seed: UInt64) -> [Double]? {
    let (mean, logV) = posterior(x)
    // Wider than the guess, so that no cause the guess hardly sees counts for all.
    let deviation = (logV * 0.5).applying(.exp) * Self.widening
    var weights = Array(repeating: [Double](), count: x.shape[0])
    for cause in 0..<Self.causes {
      let noise = StandardNormal.draw(mean.shape, seed: seed, stream: UInt64(100 + cause))
      let z = mean + deviation * noise
      let logProposal = StandardNormal.logDensity(noise) - deviation.applying(.log).sum(axes: [1])
      let weight = logConditional(x, z) + StandardNormal.logDensity(z) - logProposal
      for (row, value) in weight.floats().enumerated() { weights[row].append(Double(value)) }
    }
    return weights.map { LogSum.of($0) - log(Double(Self.causes)) }
  }
}
