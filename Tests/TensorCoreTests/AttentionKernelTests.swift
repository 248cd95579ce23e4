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
          q, k, v, bias: nil, heads: heads, scale: scale, causal: causal, wantsLSE: true)
        let plain = $0.kernels.attention(
          q, k, v, bias: nil, heads: heads, scale: scale, causal: causal, wantsLSE: false)
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
          q, k, v, bias: nil, heads: heads, scale: scale, causal: causal, wantsLSE: true)
        guard let lse else { return [nil] }
        let (dq, dk, dv, _) = $0.kernels.attentionBackward(
          q, k, v, bias: nil, heads: heads, scale: scale, causal: causal, out: out, lse: lse, dOut,
          needsBias: false)
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
        $0.kernels.attention(q, k, v, bias: nil, heads: 1, scale: 30, causal: false, wantsLSE: false).out
      ]
    }
  }

  /// Biases for all scores, for heads alone, for keys alone, and one row that sees nothing.
  @Test(arguments: Setup.all, [false, true]) func bias(_ setup: Setup, _ causal: Bool) {
    let shapes: [(q: [Int], keys: Int, heads: Int, bias: [Int])] = [
      ([2, 9, 24], 13, 3, [2, 3, 9, 13]), ([1, 70, 32], 70, 2, [1, 2, 70, 70]), ([2, 5, 16], 130, 2, [2, 1, 1, 130]),
      ([1, 66, 8], 300, 1, [1, 1, 66, 300]), ([2, 3, 8], 4, 2, [1, 2, 1, 4]),
    ]
    for (shape, keys, heads, biasShape) in shapes {
      compare(
        setup, reduction: max(shape[1], keys), roundsOperands: true, slack: 2, "\(shape) \(keys) keys, \(biasShape)"
      ) {
        let q = $0.normal(shape)
        let (k, v) = ($0.normal([shape[0], keys, shape[2]]), $0.normal([shape[0], keys, shape[2]]))
        let (bias, dOut) = ($0.normal(biasShape, .f32), $0.normal(shape))
        let scale = 1 / Float(shape[2] / heads).squareRoot()
        let (out, lse) = $0.kernels.attention(
          q, k, v, bias: bias, heads: heads, scale: scale, causal: causal, wantsLSE: true)
        guard let lse else { return [nil] }
        let (dq, dk, dv, dbias) = $0.kernels.attentionBackward(
          q, k, v, bias: bias, heads: heads, scale: scale, causal: causal, out: out, lse: lse, dOut, needsBias: true)
        return [out, lse, dq, dk, dv, dbias]
      }
    }
  }

  /// What must not be seen adds nothing; a row that sees nothing is the mean of the values; a negative scale turns no bias round.
  @Test(arguments: Setup.all) func hiddenKeys(_ setup: Setup) {
    for scale in [Float(0.4), -0.4] {
      compare(setup, reduction: 8, roundsOperands: true, slack: 2, "scale \(scale)") {
        let q = $0.normal([1, 3, 8])
        let (k, v) = ($0.normal([1, 5, 8]), $0.normal([1, 5, 8]))
        let hidden = -Float.infinity
        let values: [Float] = [0, hidden, 1, hidden, 0] + [2, 0, hidden, 0, 0] + [hidden, 0, 0, 0, -3e38]
        let bias = $0.make(values, [1, 1, 3, 5], .f32)
        return [
          $0.kernels.attention(q, k, v, bias: bias, heads: 1, scale: scale, causal: false, wantsLSE: false).out
        ]
      }
      // Scores near -10⁴ have a float32 rounding error near 10⁻³, which becomes a relative one of the weights.
      compare(setup, reduction: 8, roundsOperands: true, slack: 4096, "scale \(scale), nothing to see") {
        let (q, v) = ($0.normal([1, 1, 8]), $0.normal([1, 5, 8]))
        let bias = $0.make(Array(repeating: -Float.infinity, count: 5), [1, 1, 1, 5], .f32)
        return [
          $0.kernels.attention(q, v, v, bias: bias, heads: 1, scale: scale, causal: false, wantsLSE: false).out
        ]
      }
    }
  }

  @Test(arguments: Setup.all, RotaryPairs.allCases) func rotary(_ setup: Setup, _ pairs: RotaryPairs) {
    for (batch, tokens, heads, depth) in [
      (1, 1, 1, 2), (2, 3, 2, 6), (1, 5, 3, 16), (2, 7, 1, 34), (1, 33, 4, 64), (0, 3, 1, 4),
    ] {
      for inverse in [false, true] {
        compare(setup, reduction: 2, "\(batch) \(tokens) \(heads) \(depth)") {
          let x = $0.normal([batch, tokens, heads * depth])
          let angles = $0.uniform([tokens, depth / 2], -3..<3, .f32)
          let (cosines, sines) = ($0.kernels.unary(.cos, angles, 0, 0), $0.kernels.unary(.sin, angles, 0, 0))
          return [$0.kernels.rotary(x, cosines: cosines, sines: sines, heads: heads, pairs: pairs, inverse: inverse)]
        }
      }
    }
  }
}
