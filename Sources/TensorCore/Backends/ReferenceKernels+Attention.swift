import Foundation

// Attention that stores the whole score matrix of one head at a time.
extension ReferenceKernels {
  func attention(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, heads: Int, scale: Float, causal: Bool, wantsLSE: Bool
  ) -> (out: Tensor, lse: Tensor?) {
    let s = AttentionSizes(q, k, heads)
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
    _ q: Tensor, _ k: Tensor, _ v: Tensor, heads: Int, scale: Float, causal: Bool, out: Tensor,
    lse: Tensor, _ dOut: Tensor
  ) -> (dq: Tensor, dk: Tensor, dv: Tensor) {
    let s = AttentionSizes(q, k, heads)
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
      v.holding(dv.map { Float($0) })
    )
  }
}

/// Sizes and element positions of packed heads.
private struct AttentionSizes {
  let batch, queries, keys, heads, depth: Int

  init(_ q: Tensor, _ k: Tensor, _ heads: Int) {
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
      scale
        * (0..<depth).reduce(0.0) {
          $0 + Double(q[query(b, i, head, $1)]) * Double(k[key(b, j, head, $1)])
        }
    }
  }
}
