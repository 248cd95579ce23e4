import Foundation

// Attention that stores the whole score matrix of one head at a time.
extension ReferenceKernels {
  func attention(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, bias: Tensor?, heads: Int, scale: Float, causal: Bool, wantsLSE: Bool
  ) -> (out: Tensor, lse: Tensor?) {
    let s = AttentionSizes(q, k, heads, bias)
    let (vq, vk, vv) = (q.values, k.values, v.values)
    var out = Array(repeating: Float(0), count: q.count)
    var lse: [Float] = []
    for b in 0..<s.batch {
      for h in 0..<heads {
        for i in 0..<s.queries {
          let scores = s.scores(vq, vk, b, h, i, Double(scale), causal)
          let largest = scores.max() ?? 0
          let weights = scores.map { exp($0 - largest) }
          let total = weights.reduce(0, +)
          lse.append(Float(largest + log(total)))
          for d in 0..<s.depth {
            let sum = weights.indices.reduce(0.0) {
              $0 + weights[$1] * Double(vv[s.key(b, $1, h, d)])
            }
            out[s.query(b, i, h, d)] = Float(sum / total)
          }
        }
      }
    }
    return (
      q.holding(out),
      wantsLSE ? q.holding(lse, shape: [s.batch, heads, s.queries], dtype: .f32) : nil
    )
  }

  func attentionBackward(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, bias: Tensor?, heads: Int, scale: Float, causal: Bool, out: Tensor,
    lse: Tensor, _ dOut: Tensor, needsBias: Bool
  ) -> (dq: Tensor, dk: Tensor, dv: Tensor, dbias: Tensor?) {
    let s = AttentionSizes(q, k, heads, bias)
    var dbias = Array(repeating: Float(0), count: s.batch * heads * s.queries * s.keys)
    let (vq, vk, vv, d) = (q.values, k.values, v.values, dOut.values)
    var dq = Array(repeating: 0.0, count: q.count)
    var dk = Array(repeating: 0.0, count: k.count)
    var dv = dk
    for b in 0..<s.batch {
      for h in 0..<heads {
        for i in 0..<s.queries {
          let scores = s.scores(vq, vk, b, h, i, Double(scale), causal)
          let largest = scores.max() ?? 0
          let total = scores.reduce(0) { $0 + exp($1 - largest) }
          let p = scores.map { exp($0 - largest) / total }
          // out = p v; p = softmax(scores); scores = scale q kᵀ
          let dp = p.indices.map { j in
            (0..<s.depth).reduce(0.0) {
              $0 + Double(d[s.query(b, i, h, $1)]) * Double(vv[s.key(b, j, h, $1)])
            }
          }
          let mean = zip(p, dp).reduce(0) { $0 + $1.0 * $1.1 }
          for j in p.indices {
            dbias[((b * heads + h) * s.queries + i) * s.keys + j] = Float(p[j] * (dp[j] - mean))
            let dScore = Double(scale) * p[j] * (dp[j] - mean)
            for c in 0..<s.depth {
              let (iq, ik) = (s.query(b, i, h, c), s.key(b, j, h, c))
              dv[ik] += p[j] * Double(d[iq])
              dq[iq] += dScore * Double(vk[ik])
              dk[ik] += dScore * Double(vq[iq])
            }
          }
        }
      }
    }
    return (
      q.holding(dq.map { Float($0) }), k.holding(dk.map { Float($0) }),
      v.holding(dv.map { Float($0) }),
      needsBias ? q.holding(dbias, shape: [s.batch, heads, s.queries, s.keys], dtype: .f32) : nil
    )
  }
}

// Rotary positions: each pair is a complex number times e^(iφ).
extension ReferenceKernels {
  func rotary(_ x: Tensor, cosines: Tensor, sines: Tensor, heads: Int, pairs: RotaryPairs, inverse: Bool) -> Tensor {
    let (tokens, depth) = (x.shape[1], x.shape[2] / heads)
    let (v, c, s) = (x.values, cosines.values, sines.values)
    var out = v
    for row in 0..<x.rows {
      for head in 0..<heads {
        for k in 0..<depth / 2 {
          let base = (row * heads + head) * depth
          let (real, imaginary) =
            pairs == .neighbours ? (base + 2 * k, base + 2 * k + 1) : (base + k, base + depth / 2 + k)
          let angle = row % tokens * (depth / 2) + k
          let (cosine, sine) = (Double(c[angle]), Double(inverse ? -s[angle] : s[angle]))
          out[real] = Float(Double(v[real]) * cosine - Double(v[imaginary]) * sine)
          out[imaginary] = Float(Double(v[real]) * sine + Double(v[imaginary]) * cosine)
        }
      }
    }
    return x.holding(out)
  }
}

/// Sizes and element positions of packed heads.
private struct AttentionSizes {
  let batch, queries, keys, heads, depth: Int
  /// For all scores, or nothing.
  private let bias: [Float]

  init(_ q: Tensor, _ k: Tensor, _ heads: Int, _ bias: Tensor?) {
    let full = [q.shape[0], heads, q.shape[1], k.shape[1]]
    self.bias =
      bias.map { bias in
        let values = bias.values
        return broadcastOffsets(bias.shape, to: full).map { max(values[$0], -1e4) }
      } ?? []
    (batch, queries, keys) = (q.shape[0], q.shape[1], k.shape[1])
    (self.heads, depth) = (heads, q.shape[2] / heads)
  }

  func query(_ b: Int, _ token: Int, _ head: Int, _ d: Int) -> Int {
    ((b * queries + token) * heads + head) * depth + d
  }

  func key(_ b: Int, _ token: Int, _ head: Int, _ d: Int) -> Int {
    ((b * keys + token) * heads + head) * depth + d
  }

  /// Scaled scores of query i against the keys it sees.
  func scores(
    _ q: [Float], _ k: [Float], _ b: Int, _ head: Int, _ i: Int, _ scale: Double, _ causal: Bool
  ) -> [Double] {
    (0..<(causal ? min(keys, i + 1) : keys)).map { j in
      (bias.isEmpty ? 0 : Double(bias[((b * heads + head) * queries + i) * keys + j]))
        + scale
        * (0..<depth).reduce(0.0) {
          $0 + Double(q[query(b, i, head, $1)]) * Double(k[key(b, j, head, $1)])
        }
    }
  }
}
