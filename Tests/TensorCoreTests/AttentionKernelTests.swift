import TensorCore
import TestSupport
import Testing

@Suite struct AttentionKernelTests {
  /// Batch, heads, queries, keys, depth.
  static let cases: [[Int]] = [
    [1, 1, 1, 1, 1], [2, 3, 7, 9, 8], [1, 2, 8, 8, 7], [2, 1, 33, 31, 40], [1, 2, 9, 77, 64],
    [1, 1, 64, 64, 80],
    [1, 8, 5, 33, 16], [1, 1, 130, 257, 33], [1, 1, 3, 2, 160],
  ]

  @Test(arguments: Setup.all, [false, true]) func forward(_ setup: Setup, _ causal: Bool) {
    for c in Self.cases {
      let (batch, heads, queries, keys, width) = (c[0], c[1], c[2], c[3], c[1] * c[4])
      // Weights sum to one, so the result is a mean; a score is a sum of `depth` products. In bfloat16 the weights are
      // rounded too before they meet v.
      compare(setup, reduction: c[4], roundsOperands: true, slack: 2, "\(c)") {
        let q = $0.normal([batch, queries, width])
        let (k, v) = ($0.normal([batch, keys, width]), $0.normal([batch, keys, width]))
        let scale = 1 / Float(c[4]).squareRoot()
        let wanted = $0.kernels.attention(
          q, k, v, heads: heads, scale: scale, causal: causal, wantsLSE: true)
        let plain = $0.kernels.attention(
          q, k, v, heads: heads, scale: scale, causal: causal, wantsLSE: false)
        return [wanted.out, wanted.lse, plain.out, plain.lse]
      }
    }
  }

  @Test(arguments: Setup.all, [false, true]) func backward(_ setup: Setup, _ causal: Bool) {
    for c in Self.cases {
      let (batch, heads, queries, keys, width) = (c[0], c[1], c[2], c[3], c[1] * c[4])
      // dk and dv sum over queries, dq over keys.
      compare(setup, reduction: max(queries, keys, c[4]), roundsOperands: true, slack: 2, "\(c)") {
        let q = $0.normal([batch, queries, width])
        let (k, v) = ($0.normal([batch, keys, width]), $0.normal([batch, keys, width]))
        let (scale, dOut) = (1 / Float(c[4]).squareRoot(), $0.normal([batch, queries, width]))
        let (out, lse) = $0.kernels.attention(
          q, k, v, heads: heads, scale: scale, causal: causal, wantsLSE: true)
        guard let lse else { return [nil] }
        let (dq, dk, dv) = $0.kernels.attentionBackward(
          q, k, v, heads: heads, scale: scale, causal: causal, out: out, lse: lse, dOut)
        return [dq, dk, dv]
      }
    }
  }

  /// Scores of hundreds overflow exponentials that were not shifted by the running maximum.
  @Test(arguments: Setup.all) func largeScores(_ setup: Setup) {
    // Scores near 300 carry an absolute rounding error of about 300 ε, which exponentials turn into a relative one; the
    // weights' own rounding in bfloat16 is larger.
    let terms = setup.dtype == .f32 ? 300 * 300 : 4
    compare(setup, reduction: terms, roundsOperands: true, slack: 2) {
      let q = $0.normal([1, 9, 8])
      let (k, v) = ($0.normal([1, 65, 8]), $0.normal([1, 65, 8]))
      return [
        $0.kernels.attention(q, k, v, heads: 1, scale: 30, causal: false, wantsLSE: false).out
      ]
    }
  }
}
