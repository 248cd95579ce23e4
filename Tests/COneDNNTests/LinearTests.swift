import COneDNN
import Testing

/// Rows, outputs and inputs of a linear layer.
struct Linear: Sendable, CustomStringConvertible {
  let m, n, k: Int
  init(_ m: Int, _ n: Int, _ k: Int) { (self.m, self.n, self.k) = (m, n, k) }
  var description: String { "M \(m) N \(n) K \(k)" }
}

/// Sum over `inner` of a(row, i) * b(i, column), in double precision.
func product(
  _ rows: Int, _ columns: Int, _ inner: Int, _ a: (Int, Int) -> Double, _ b: (Int, Int) -> Double
) -> [Double] {
  (0..<rows * columns).map { index in
    var sum = 0.0
    for i in 0..<inner { sum += a(index / columns, i) * b(i, index % columns) }
    return sum
  }
}

@Suite struct LinearTests {
  static let layers = [
    Linear(1, 1, 1), Linear(1, 17, 33), Linear(2, 320, 160), Linear(3, 5, 7), Linear(33, 70, 31),
    Linear(64, 64, 64), Linear(130, 48, 257), Linear(77, 96, 48), Linear(48, 96, 384),
    Linear(1, 640, 320), Linear(65, 8, 16), Linear(129, 3, 100), Linear(500, 24, 40),
  ]

  @Test(arguments: layers, Kind.computed) func forward(_ l: Linear, kind: Kind) throws {
    var values = Values(7)
    let x = values.array(kind, l.m * l.k)
    let w = values.array(kind, l.n * l.k)
    let bias = values.array(.f32, l.n)
    let residual = values.array(kind, l.m * l.n)
    let (x0, w0, b, r) = (x.doubles, w.doubles, bias.doubles, residual.doubles)
    let plain = product(l.m, l.n, l.k, { x0[$0 * l.k + $1] }, { w0[$1 * l.k + $0] })
    for hasBias in [false, true] {
      for hasResidual in [false, true] {
        for act in Activation.allCases {
          let op = try #require(
            idnn_linear_forward(
              kind.type, Int64(l.m), Int64(l.n), Int64(l.k), hasBias ? 1 : 0, hasResidual ? 1 : 0,
              act.value), "\(lastError)")
          let y = runForward(
            op, kind, x, w, bias: hasBias ? bias : nil, residual: hasResidual ? residual : nil,
            outputs: l.m * l.n)
          let expected = plain.enumerated().map { index, sum in
            act.apply(sum + (hasBias ? b[index % l.n] : 0) + (hasResidual ? r[index] : 0))
          }
          expectSums(
            y, expected, terms: l.k, extra: act.error,
            "\(String(cString: idnn_implementation(op))) \(l) bias \(hasBias) residual \(hasResidual) \(act)"
          )
        }
      }
    }
  }

  @Test(arguments: layers, Kind.computed) func backward(_ l: Linear, kind: Kind) throws {
    var values = Values(8)
    let x = values.array(kind, l.m * l.k)
    let w = values.array(kind, l.n * l.k)
    let dy = values.array(kind, l.m * l.n)
    let (x0, w0, d0) = (x.doubles, w.doubles, dy.doubles)
    let (m, n, k) = (Int64(l.m), Int64(l.n), Int64(l.k))

    let data = try #require(idnn_linear_backward_data(kind.type, m, n, k), "\(lastError)")
    let dx = runBackwardData(data, kind, dy, w, inputs: l.m * l.k)
    expectSums(
      dx, product(l.m, l.k, l.n, { d0[$0 * l.n + $1] }, { w0[$0 * l.k + $1] }), terms: l.n,
      "\(String(cString: idnn_implementation(data))) dx \(l)")

    let weights = try #require(idnn_linear_backward_weights(kind.type, m, n, k), "\(lastError)")
    let dw = runBackwardWeights(weights, x, dy, weights: l.n * l.k)
    expectSums(
      dw, product(l.n, l.k, l.m, { d0[$1 * l.n + $0] }, { x0[$0 * l.k + $1] }), terms: l.m,
      "\(String(cString: idnn_implementation(weights))) dw \(l)")
  }
}
