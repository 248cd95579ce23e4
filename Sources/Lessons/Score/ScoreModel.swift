import Foundation
import Models
import NN
import TensorCore
import Training

/// A model of the score, the gradient of the logarithm of the density of data with noise in it, at every level of noise
/// (Song & Ermon 2019): learnt by denoising, without ever knowing a density.
///
/// The network `f` says the noise; the score is `s(x; σ) = −f(x; σ) / σ`, which fits scores' sizes at all levels
/// (Song & Ermon 2020, §3.3).
package struct ScoreModel: GenerativeModel {
  /// How samples are drawn from scores.
  package enum Method: Sendable {
    /// A ladder of that many levels, on each of which so many steps of Langevin's are taken.
    case langevin(levels: Int, steps: Int, step: Double)
    /// All levels, and so many steps of the probability-flow equation.
    case probabilityFlow(steps: Int)
  }

  package let levels: NoiseLevels
  package let method: Method
  package let groups: [ParameterGroup]
  package let width: Int
  private let network: PointsMLP
  private let frozen: FrozenCopy<PointsMLP>

  package init(width: Int, hidden: Int, depth: Int, levels: NoiseLevels, method: Method, seed: UInt64) {
    func build(_ p: ParameterPath) -> PointsMLP { PointsMLP(p, dimensions: width, width: hidden, depth: depth) }
    let store = ParameterStore(RandomInitialization(seed: seed), isTrainable: { _ in true })
    (self.width, self.levels, self.method) = (width, levels, method)
    network = build(store.root)
    frozen = FrozenCopy(of: store.parameters, build)
    groups = [ParameterGroup("score", store.parameters)]
  }

  /// Values of the level that the network is told: `0 ... 50`, for which its sinusoids are made.
  private static let told = 50.0

  /// The noise in vectors `[B, D]`, divided by its deviation, which is given for each row.
  private func noise(_ x: Tensor, _ sigmas: [Double], by network: PointsMLP) -> Tensor {
    func column(_ value: (Double) -> Double) -> Tensor {
      Tensor(sigmas.map { Float(value($0)) }, shape: [sigmas.count, 1])
    }
    // Inputs of about the same size at every level; the network says only what is not there for data of unit variance
    // (Karras et al. 2022, eq. 7 and table 1).
    let scale = column { 1 / (1 + $0 * $0).squareRoot() }
    let said = network(x * scale, timesteps: sigmas.map { Float(Self.told * levels.share($0)) })
    return x * column { $0 / (1 + $0 * $0) } + said * scale
  }

  /// Denoising score matching (Song & Ermon 2019, eq. 5 and 6): `E λ(σ) ‖s(x + σ n; σ) + n / σ‖²`, the mean over numbers, with
  /// `λ = σ² (1 + σ²)`, so that what the network says counts alike at all levels (Karras et al. 2022, §5; there `λ = σ²`).
  package func loss(_ x: Tensor, random: inout [ExampleRandom]) -> Tensor {
    let sigmas = random.indices.map { drawnLevel(&random[$0]) }
    let n = random.normal(like: x.shape)
    let noisy = x + n * Tensor(sigmas.map(Float.init), shape: [sigmas.count, 1])
    let weights = Tensor(sigmas.map { Float(1 + $0 * $0) }, shape: [sigmas.count, 1])
    return ((noise(noisy, sigmas, by: network) - n).squared * weights).mean()
  }

  /// One of the ladder's levels, or any level where there is no ladder.
  private func drawnLevel(_ random: inout ExampleRandom) -> Double {
    switch method {
    case .langevin(let count, _, _): levels.ladder(count)[random.integer(below: count)]
    case .probabilityFlow: levels.level(Double(random.uniform()))
    }
  }

  /// `s(x; σ)`, `[B, D]`.
  package func score(_ x: Tensor, _ sigma: Double) -> Tensor { direction(x, sigma) * Float(-1 / sigma) }

  /// `−σ s(x; σ)`: the noise, and where a vector moves when its level rises.
  package func direction(_ x: Tensor, _ sigma: Double) -> Tensor {
    noise(x, Array(repeating: sigma, count: x.shape[0]), by: frozen.current())
  }

  package func sample(_ count: Int, seed: UInt64) -> Tensor { path(count, seed: seed) { _ in } }

  /// The same, with what the vectors are on the way.
  package func path(_ count: Int, seed: UInt64, onStep: (Tensor) -> Void) -> Tensor {
    let start = StandardNormal.draw([count, width], seed: seed) * Float(levels.largest)
    onStep(start)
    switch method {
    case .langevin(let count, let steps, let step):
      return AnnealedLangevin(levels: levels.ladder(count), steps: steps, step: step)
        .sample(start, seed: seed, score: score, onLevel: onStep)
    case .probabilityFlow(let steps):
      return ProbabilityFlow(levels: levels, steps: steps).sample(start, direction: direction, onStep: onStep)
    }
  }

  package var likelihoodKind: LikelihoodKind {
    if case .probabilityFlow = method { return .integrated }
    return .none
  }

  package func logLikelihood(_ x: Tensor, seed: UInt64) -> [Double]? {
    guard case .probabilityFlow(let steps) = method else { return nil }
    return ProbabilityFlow(levels: levels, steps: steps).logLikelihood(x, seed: seed, direction: direction)
  }
}
