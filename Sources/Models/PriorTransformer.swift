import NN
import TensorCore

/// What a prior is told of texts.
public struct PriorText: Sendable {
  /// The texts as one vector each, `[B, P]`.
  public let embedding: Tensor
  /// States of their tokens, `[B, T, P]`.
  public let states: Tensor

  public init(embedding: Tensor, states: Tensor) { (self.embedding, self.states) = (embedding, states) }
}

/// The diffusion prior of DALL·E 2 (Ramesh et al. 2022, §2.2): from a text and a noisy embedding of a picture to the
/// clean one.
///
/// A causal transformer reads, in this order, the text's states, its embedding, the time, the noisy embedding and a
/// learnt token, where the answer stands. Names of weights are diffusers'.
public struct PriorTransformer: Sendable {
  public let config: PriorTransformerConfig
  let timeEmbedding: TimestepEmbedding
  let projIn, embeddingProj, encoderHiddenStatesProj: Linear
  let positionalEmbedding, prdEmbedding: Parameter
  let blocks: [PriorTransformerBlock]
  let normOut: LayerNorm
  let projToCLIPEmbeddings: Linear
  /// Mean and deviation of pictures' embeddings, `[1, P]`: the network works on embeddings that were freed of them. Not
  /// learnt.
  public let clipMean, clipStd: Parameter

  /// Whether a weight is learnt.
  public static func isLearnt(_ key: String) -> Bool { key != "clip_mean" && key != "clip_std" }

  public init(_ p: ParameterPath, _ config: PriorTransformerConfig) {
    self.config = config
    let (width, inner) = (config.embeddingDim, config.width)
    timeEmbedding = TimestepEmbedding(p.time_embedding, inner, inner)
    projIn = Linear(p.proj_in, width, inner)
    embeddingProj = Linear(p.embedding_proj, width, inner)
    encoderHiddenStatesProj = Linear(p.encoder_hidden_states_proj, width, inner)
    positionalEmbedding = p.positional_embedding.parameter([1, config.tokenCount, inner], .normal(deviation: 0.02))
    prdEmbedding = p.prd_embedding.parameter([1, 1, inner], .normal(deviation: 0.02))
    blocks = (0..<config.layerCount).map {
      PriorTransformerBlock(p.transformer_blocks[$0], width: inner, heads: config.headCount)
    }
    normOut = LayerNorm(p.norm_out, inner)
    projToCLIPEmbeddings = Linear(p.proj_to_clip_embeddings, inner, width)
    clipMean = p.clip_mean.parameter([1, width], .zeros)
    clipStd = p.clip_std.parameter([1, width], .ones)
  }

  /// Predicts the clean embeddings.
  /// - Parameters:
  ///   - noisy: `[B, P]`, freed of mean and deviation; its type decides the arithmetic.
  ///   - timesteps: one a row, 0 ... 999, may be fractional.
  ///   - text: a row for each row of `noisy`, with `num_embeddings` states.
  /// - Returns: `[B, P]`, freed of mean and deviation.
  public func callAsFunction(_ noisy: Tensor, timesteps: [Float], text: PriorText) -> Tensor {
    let (batch, inner, dtype) = (noisy.shape[0], config.width, noisy.dtype)
    precondition(
      timesteps.count == batch && text.embedding.shape == noisy.shape
        && text.states.shape == [batch, config.embeddingCount, config.embeddingDim],
      "\(timesteps.count) timesteps, text \(text.embedding.shape) and states \(text.states.shape) for \(noisy.shape)")
    let sinusoids = Sinusoids.embed(
      timesteps, width: inner, cosineFirst: true, shift: 0, device: projIn.weight.value.device)
    func token(_ x: Tensor) -> Tensor { x.reshaped([batch, 1, inner]) }
    let tokens = Tensor.concatenate(
      [
        encoderHiddenStatesProj(text.states.cast(to: dtype)), token(embeddingProj(text.embedding.cast(to: dtype))),
        token(timeEmbedding(sinusoids.cast(to: dtype))), token(projIn(noisy)),
        prdEmbedding.tensor.cast(to: dtype).broadcast(to: [batch, 1, inner]),
      ], axis: 1)
    var h = tokens + positionalEmbedding.tensor.cast(to: dtype)
    for block in blocks { h = block(h) }
    let last = h.slice(axis: 1, from: config.tokenCount - 1, count: 1).reshaped([batch, inner])
    return projToCLIPEmbeddings(normOut(last))
  }

  /// Embeddings `[B, P]` freed of mean and deviation, float32.
  public func normalized(_ embeddings: Tensor) -> Tensor {
    (embeddings - clipMean.value.cast(to: .f32)) / clipStd.value.cast(to: .f32)
  }

  /// The other way.
  public func embeddings(_ normalized: Tensor) -> Tensor {
    normalized * clipStd.value.cast(to: .f32) + clipMean.value.cast(to: .f32)
  }
}

/// Causal self-attention and two dense layers with GELU, each behind a LayerNorm (diffusers' `BasicTransformerBlock`
/// without cross-attention).
struct PriorTransformerBlock: Sendable {
  let norm1, norm3: LayerNorm
  let attention: Attention
  let fc1, fc2: Linear

  init(_ p: ParameterPath, width: Int, heads: Int) {
    norm1 = LayerNorm(p.norm1, width)
    attention = Attention(p.attn1, width: width, context: width, heads: heads, bias: true)
    norm3 = LayerNorm(p.norm3, width)
    fc1 = Linear(p.ff.net[0].proj, width, width * 4)
    fc2 = Linear(p.ff.net[2], width * 4, width)
  }

  /// `[B, T, width]` to the same.
  func callAsFunction(_ x: Tensor) -> Tensor {
    let h = attention(norm1(x), residual: x, causal: true)
    return fc2(fc1(norm3(h), activation: .gelu), residual: h)
  }
}
