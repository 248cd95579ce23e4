import Conditioning
import Models
import NN
import TensorCore

/// What pictures' texts are to the network: encoded before, or tokens for encoders that learn.
public enum TextBatch: Sendable {
  case encoded([NetworkConditioning])
  /// For each encoder a row of tokens for each picture.
  case tokens([[TextRows.Row]])
}

/// Pictures as the denoising network sees them, of one shape.
public struct LatentBatch: Sendable {
  /// `[B, h, w, C]`, scaled for diffusion.
  public var latents: Tensor
  /// Channels the network reads behind the noisy ones, free of noise, `[B, h, w, K]`: a mask and what it leaves of the picture; nil
  /// for none.
  package var joined: Tensor?
  public var text: TextBatch
  /// Original height and width, crop top and left, target height and width of each, which some networks are told.
  public var sizes: [[Float]] = []
  /// What each picture counts; nil for 1.
  public var weights: [Float]?
  /// `[B, h, w, 1]`, what each place counts; nil for 1.
  public var mask: Tensor?
  /// What each picture shows; nil where nobody knows.
  public var truths: [SceneTruth]?

  public init(latents: Tensor, text: TextBatch) { (self.latents, self.text) = (latents, text) }
}

/// Noise in latents under texts: text-to-image models, adapters, embeddings, whichever parameters are trained.
public struct LatentObjective: Objective {
  public let network: any DenoisingNetwork
  public let texts: TextRows
  public var prediction: NoisePrediction
  public let groups: [ParameterGroup]
  /// The vectors of a word that is learnt, for each encoder.
  public var word: [Parameter] = []
  /// Whether blocks of the network are computed again for their gradients instead of being kept.
  public var recomputes = false
  /// Networks that say what a scene shows, and what their loss counts.
  package var heads: (networks: NuisanceHeads, weight: Float)?

  public init(
    network: any DenoisingNetwork, texts: TextRows, prediction: NoisePrediction, groups: [ParameterGroup]
  ) {
    (self.network, self.texts, self.prediction, self.groups) = (network, texts, prediction, groups)
  }

  public func loss(_ batch: LatentBatch, random: inout [ExampleRandom]) throws -> Tensor {
    try loss(batch, timesteps: nil, random: &random)
  }

  /// - Parameter timesteps: one for each picture; nil draws them.
  public func loss(_ batch: LatentBatch, timesteps: [Int]?, random: inout [ExampleRandom]) throws -> Tensor {
    try Recomputation.$isOn.withValue(recomputes) {
      let text = try conditioning(batch.text)
      var middle: Tensor?
      let main = prediction.loss(
        batch.latents, timesteps: timesteps, weights: batch.weights, mask: batch.mask, random: &random
      ) { noisy, timesteps in
        let seen = batch.joined.map { .concatenate([noisy, $0.cast(to: noisy.dtype)], axis: 3) } ?? noisy
        let output = output(seen, timesteps: timesteps, text: text, sizes: batch.sizes)
        middle = output.middle
        return output.prediction
      }
      guard let heads, let middle, let truths = batch.truths else { return main }
      return main + heads.networks.loss(middle, truths) * heads.weight
    }
  }

  /// What the network says of noisy latents, in the arithmetic of `prediction`.
  /// - Parameter sizes: for each row, where the network is told them.
  public func predict(
    _ noisy: Tensor, timesteps: [Float], text: NetworkConditioning, sizes: [[Float]] = []
  ) -> Tensor {
    output(noisy, timesteps: timesteps, text: text, sizes: sizes).prediction
  }

  private func output(
    _ noisy: Tensor, timesteps: [Float], text: NetworkConditioning, sizes: [[Float]]
  ) -> NetworkOutput {
    var told = text
    told.sizes = sizes
    return network.output(noisy, timesteps: timesteps, told)
  }

  /// What the network is told of a batch's texts.
  package func conditioning(_ text: TextBatch) throws -> NetworkConditioning {
    switch text {
    case .encoded(let rows): NetworkConditioning.joined(rows)
    case .tokens(let rows): try texts.encode(rows, vectors: word.map(\.tensor), dtype: prediction.dtype)
    }
  }
}
