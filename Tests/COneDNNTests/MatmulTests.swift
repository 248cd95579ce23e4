import COneDNN
import Testing

@Suite struct MatmulTests {
  /// A batched product; strides of -1 stand for dense matrices one after another.
  struct Problem: Sendable, CustomStringConvertible {
    let batch, m, n, k: Int
    var aStride = -1
    var bStride = -1
    var description: String { "batch \(batch) M \(m) N \(n) K \(k) strides \(aStride) \(bStride)" }
  }
  static let problems = [
    Problem(batch: 1, m: 1, n: 1, k: 1), Problem(batch: 1, m: 17, n: 33, k: 65),
    Problem(batch: 3, m: 16, n: 64, k: 32), Problem(batch: 2, m: 5, n: 7, k: 3),
    Problem(batch: 4, m: 77, n: 40, k: 77), Problem(batch: 3, m: 9, n: 8, k: 16, aStride: 0),
    Problem(batch: 3, m: 9, n: 8, k: 16, bStride: 0),
    Problem(batch: 2, m: 12, n: 6, k: 10, aStride: 150),
    Problem(batch: 2, m: 12, n: 6, k: 10, aStride: 0, bStride: 64),
    Problem(batch: 2, m: 1, n: 31, k: 40),
    Problem(batch: 2, m: 64, n: 1, k: 40),
  ]

  @Test(arguments: problems, [(Kind.f32, Kind.f32), (.bf16, .bf16), (.bf16, .f32)])
  func matmul(_ p: Problem, types: (Kind, Kind)) {
    let (kind, out) = types
    for transposeA in [false, true] {
      for transposeB in [false, true] {
        var values = Values(9)
        let aStride = p.aStride < 0 ? p.m * p.k : p.aStride
        let bStride = p.bStride < 0 ? p.n * p.k : p.bStride
        let a = values.array(kind, (p.batch - 1) * aStride + p.m * p.k)
        let b = values.array(kind, (p.batch - 1) * bStride + p.n * p.k)
        let c = Elements(out, count: p.batch * p.m * p.n)
        let status = idnn_matmul(
          kind.type, out.type, Int64(p.batch), Int64(p.m), Int64(p.n), Int64(p.k),
          transposeA ? 1 : 0, transposeB ? 1 : 0, a.raw, Int64(aStride), b.raw, Int64(bStride),
          c.raw)
        #expect(status == 0, "\(lastError)")
        let (a0, b0) = (a.doubles, b.doubles)
        var expected: [Double] = []
        for entry in 0..<p.batch {
          let (a1, b1) = (entry * aStride, entry * bStride)
          expected += product(p.m, p.n, p.k) { row, i in
            a0[a1 + (transposeA ? i * p.m + row : row * p.k + i)]
          } _: { i, column in
            b0[b1 + (transposeB ? column * p.k + i : i * p.n + column)]
          }
        }
        expectSums(
          c, expected, terms: p.k, "\(p) \(kind) to \(out), transposed \(transposeA) \(transposeB)")
      }
    }
  }
}
