import Diffusion
import Generation
import Models
import NN
import TensorCore

/// Sizes of `ImageEmbeddingTokens`.
package struct ImageEmbeddingTokensConfig: Codable, Sendable, Equatable {
  /// Numbers of an embedding.
  package var embeddingDim: Int
  /// Tokens made of one.
  package var tokens: Int
  /// Channels of a token.
  package var crossAttentionDim: Int

  enum CodingKeys: String, CodingKey {
    case tokens
    case embeddingDim = "embedding_dim"
    case crossAttentionDim = "cross_attention_dim"
  }

  package init(embeddingDim: Int, tokens: Int, crossAttentionDim: Int) {
    (self.embeddingDim, self.tokens, self.crossAttentionDim) = (embeddingDim, tokens, crossAttentionDim)
  }
}

/// The embedding of a picture as tokens a U-Net reads (Ramesh et al. 2022, §2.1): one linear layer. A U-Net with
/// `addition_embed_type: text` adds them, pooled, to the embedding of the time as well.
package struct ImageEmbeddingTokens: Sendable {
  package let config: ImageEmbeddingTokensConfig
  private let projection: Linear

  package init(_ p: ParameterPath, _ config: ImageEmbeddingTokensConfig) {
    self.config = config
    projection = Linear(p.projection, config.embeddingDim, config.tokens * config.crossAttentionDim)
  }

  /// `[B, P]` of length 1, or of zeros for none, to `[B, tokens, cross_attention_dim]`.
  package func callAsFunction(_ embeddings: Tensor, dtype: DType) -> Tensor {
    projection(embeddings.evened.cast(to: dtype)).reshaped([
      embeddings.shape[0], config.tokens, config.crossAttentionDim,
    ])
  }
}

/// The second half of DALL·E 2 (Ramesh et al. 2022, §2.1): draws pictures with a given embedding.
package struct UnCLIPDecoder: Sendable {
  package let tokens: ImageEmbeddingTokens
  package let network: UNet2DConditionModel
  package let scheduler: SchedulerConfig
  /// Arithmetic of the network.
  package let dtype: DType

  package init(tokens: ImageEmbeddingTokens, network: UNet2DConditionModel, scheduler: SchedulerConfig, dtype: DType) {
    (self.tokens, self.network, self.scheduler, self.dtype) = (tokens, network, scheduler, dtype)
  }

  /// Side of the pictures.
  package var side: Int { network.config.sampleSize }

  /// What the network says of noisy pictures `[B, s, s, 3]`.
  /// - Parameter embeddings: `[B, P]` of length 1; zeros for none.
  package func predict(_ noisy: Tensor, timesteps: [Float], embeddings: Tensor) -> Tensor {
    network(
      noisy, timesteps: timesteps, NetworkConditioning(context: tokens(embeddings, dtype: noisy.dtype)))
  }

  private func network(_ embeddings: Tensor) -> GuidedSampling.Network {
    let none = Tensor.zeros(embeddings.shape)
    return { x, timesteps, isTold in
      predict(x.cast(to: dtype), timesteps: timesteps, embeddings: isTold ? embeddings : none).cast(to: .f32)
    }
  }

  /// Draws a picture for each embedding, `[B, s, s, 3]` in about ±1.
  /// - Parameters:
  ///   - embeddings: `[B, P]` of length 1.
  ///   - start: the noise to begin with, `[B, s, s, 3]`; nil draws it.
  ///   - seeds: one a picture.
  package func pictures(
    of embeddings: Tensor, from start: Tensor? = nil, seeds: [UInt64], steps: Int, guidance: Float, eta: Double = 0,
    onStep: () throws -> Void = {}
  ) throws -> Tensor {
    var noise = NoiseSource(.torch, seeds: seeds)
    return try GuidedSampling(scheduler, steps: steps, guidance: guidance, eta: eta).samples(
      [embeddings.shape[0], side, side, 3], from: start, noise: &noise, onStep: onStep, network(embeddings))
  }

  /// The noise of which the decoder makes pictures again, given their embeddings: what these leave open (§3.1).
  /// - Parameters:
  ///   - pictures: `[B, s, s, 3]` in ±1.
  ///   - embeddings: `[B, P]` of length 1.
  package func noise(
    in pictures: Tensor, embeddings: Tensor, steps: Int, onStep: () throws -> Void = {}
  ) throws -> Tensor {
    try GuidedSampling(scheduler, steps: steps).noise(in: pictures, onStep: onStep, network(embeddings))
  }
}
