import Foundation
import NN
import TensorCore

/// A causal transformer: tokens to what each next one might be (Vaswani et al. 2017; Radford et al. 2018). The blocks are LLaMA's
/// (Touvron et al. 2023, §2.2): RMSNorm before each part, rotary positions, SwiGLU; the table of tokens is also the last layer.
package struct CausalTransformer: Sendable {
  package let config: CausalTransformerConfig
  private let tokens: Embedding
  private let blocks: [Block]
  private let norm: RMSNorm

  package init(_ p: ParameterPath, _ config: CausalTransformerConfig) {
    self.config = config
    let deviation: Float = 0.02
    tokens = Embedding(
      p.model.embed_tokens, count: config.vocabularySize, width: config.hiddenSize,
      initializer: .normal(deviation: deviation))
    blocks = (0..<config.layers).map { Block(p.model.layers[$0], config, deviation: deviation) }
    norm = RMSNorm(p.model.norm, config.hiddenSize)
  }

  /// Logits `[B, T, V]`, float32, of tokens `[B, T]`.
  /// - Parameters:
  ///   - cache: what was seen before, to which these tokens are added; one at a time unless it is empty.
  ///   - dtype: arithmetic of the blocks.
  package func logits(_ ids: Tensor, cache: inout KeyValueCache, dtype: DType = .f32) -> Tensor {
    let (count, seen) = (ids.shape[1], cache.count)
    precondition(seen == 0 || count == 1, "\(count) tokens at once behind \(seen)")
    let angles = Self.angles(from: seen, count: count, width: config.hiddenSize / config.heads)
    var x = tokens(ids, output: dtype)
    for (index, block) in blocks.enumerated() { x = block(x, index, angles, &cache) }
    cache.advance(by: count)
    return norm(x).linear(tokens.weight.tensor).cast(to: .f32)
  }

  /// The same of tokens with nothing before them.
  package func logits(_ ids: Tensor, dtype: DType = .f32) -> Tensor {
    var cache = KeyValueCache(layers: config.layers)
    return logits(ids, cache: &cache, dtype: dtype)
  }

  /// Cosines and sines of the rotary positions, `[count, width / 2]` (Su et al. 2021, §3.2.2).
  private static func angles(from start: Int, count: Int, width: Int) -> (cosines: Tensor, sines: Tensor) {
    let half = width / 2
    let angles = (0..<(count * half)).map { at in
      Float(start + at / half) * powf(CausalTransformerConfig.ropeTheta, -Float(2 * (at % half)) / Float(width))
    }
    return (Tensor(angles.map(cosf), shape: [count, half]), Tensor(angles.map(sinf), shape: [count, half]))
  }
}

/// Attention to what came before, then dense layers.
private struct Block: Sendable {
  let query, key, value, out: Linear
  let gate, up, down: Linear
  let first, second: RMSNorm
  let heads: Int

  init(_ p: ParameterPath, _ config: CausalTransformerConfig, deviation: Float) {
    let (width, inner) = (config.hiddenSize, config.intermediateSize)
    // What is added up over the layers starts smaller (Radford et al. 2019, §2.3).
    let ends = Initializer.normal(deviation: deviation / Float(2 * config.layers).squareRoot())
    let usual = Initializer.normal(deviation: deviation)
    func linear(_ p: ParameterPath, _ inputs: Int, _ outputs: Int, _ start: Initializer) -> Linear {
      Linear(p, inputs, outputs, bias: false, initializer: start)
    }
    first = RMSNorm(p.input_layernorm, width)
    query = linear(p.self_attn.q_proj, width, width, usual)
    key = linear(p.self_attn.k_proj, width, width, usual)
    value = linear(p.self_attn.v_proj, width, width, usual)
    out = linear(p.self_attn.o_proj, width, width, ends)
    second = RMSNorm(p.post_attention_layernorm, width)
    gate = linear(p.mlp.gate_proj, width, inner, usual)
    up = linear(p.mlp.up_proj, width, inner, usual)
    down = linear(p.mlp.down_proj, inner, width, ends)
    heads = config.heads
  }

  func callAsFunction(
    _ x: Tensor, _ layer: Int, _ angles: (cosines: Tensor, sines: Tensor), _ cache: inout KeyValueCache
  ) -> Tensor {
    let h = first(x)
    func turned(_ states: Tensor) -> Tensor {
      states.rotated(cosines: angles.cosines, sines: angles.sines, heads: heads, pairs: .halves)
    }
    let seen = cache.extended(layer, turned(key(h)), value(h))
    // A single token may look at all that is kept.
    let mixed = Tensor.attention(turned(query(h)), seen.keys, seen.values, heads: heads, causal: x.shape[1] > 1)
    let middle = out(mixed, residual: x)
    let g = second(middle)
    return down(gate(g, activation: .silu) * up(g), residual: middle)
  }
}

/// RMSNorm over the last axis (Zhang & Sennrich 2019).
private struct RMSNorm: Sendable {
  let weight: Parameter

  init(_ p: ParameterPath, _ width: Int) { weight = p.weight.parameter([width], .ones) }

  func callAsFunction(_ x: Tensor) -> Tensor {
    x.rmsNorm(gamma: weight.tensor, epsilon: CausalTransformerConfig.epsilon)
  }
}
