import CKernels
import Foundation
import Testing

@Suite struct NormalizationTests {
  /// One GroupNorm in double precision: the textbook formulas.
  struct Formula {
    var y, mean, rstd, dx, dgamma, dbeta: [Double]

    init(
      _ s: (B: Int, S: Int, C: Int, G: Int), eps: Double, silu: Bool, x: [Double],
      gamma: [Double], beta: [Double], dy: [Double]
    ) {
      let (B, S, C, G) = s
      let width = C / G
      y = x
      dx = x
      mean = []
      rstd = []
      dgamma = [Double](repeating: 0, count: C)
      dbeta = dgamma
      for b in 0..<B {
        for g in 0..<G {
          let members = (0..<S).flatMap { s in
            (g * width..<(g + 1) * width).map { (at: (b * S + s) * C + $0, c: $0) }
          }
          let n = Double(members.count)
          let mean = members.reduce(0) { $0 + x[$1.at] } / n
          let variance = members.reduce(0) { $0 + pow(x[$1.at] - mean, 2) } / n
          let r = 1 / (variance + eps).squareRoot()
          self.mean.append(mean)
          rstd.append(r)
          var sum = 0.0
          var product = 0.0
          var scaled: [Double] = []
          for (at, c) in members {
            let hat = (x[at] - mean) * r
            let z = hat * gamma[c] + beta[c]
            let sigmoid = 1 / (1 + exp(-z))
            y[at] = silu ? z * sigmoid : z
            let inner = silu ? dy[at] * sigmoid * (1 + z * (1 - sigmoid)) : dy[at]
            dgamma[c] += inner * hat
            dbeta[c] += inner
            scaled.append(inner * gamma[c])
            sum += inner * gamma[c]
            product += inner * gamma[c] * hat
          }
          for ((at, _), h) in zip(members, scaled) {
            dx[at] = r * (h - sum / n - (x[at] - mean) * r * product / n)
          }
        }
      }
    }
  }

  struct Result {
    var y, dx: TypedArray
    var mean, rstd, dgamma, dbeta: [Float]
    var floats: TypedArray { TypedArray(IK_F32, (mean + rstd + dgamma + dbeta).map(Double.init)) }
  }

  static func groupNorm(
    _ s: (B: Int, S: Int, C: Int, G: Int), silu: Bool, x: TypedArray, gamma: [Float],
    beta: [Float], dy: TypedArray
  ) -> Result {
    let type = x.type
    let (B, S, C, G) = (Int64(s.B), Int64(s.S), Int64(s.C), Int64(s.G))
    let groups = [Float](repeating: .nan, count: s.B * s.G)
    let channels = [Float](repeating: .nan, count: s.C)
    var r = Result(
      y: TypedArray(type, count: x.count), dx: TypedArray(type, count: x.count), mean: groups,
      rstd: groups, dgamma: channels, dbeta: channels)
    let flag: Int32 = silu ? 1 : 0
    x.read { x0 in
      r.y.write {
        ik_group_norm(type, B, S, C, G, 1e-5, flag, x0, gamma, beta, 0, $0, &r.mean, &r.rstd)
      }
      dy.read { d in
        r.dx.write {
          ik_group_norm_backward(
            type, B, S, C, G, flag, x0, gamma, beta, 0, r.mean, r.rstd, d, $0, &r.dgamma, &r.dbeta)
        }
      }
    }
    return r
  }

  static func layerNorm(
    rows: Int, columns: Int, x: TypedArray, gamma: [Float], beta: [Float], dy: TypedArray
  ) -> Result {
    let perRow = [Float](repeating: .nan, count: rows)
    let channels = [Float](repeating: .nan, count: columns)
    var r = Result(
      y: TypedArray(x.type, count: x.count), dx: TypedArray(x.type, count: x.count), mean: perRow,
      rstd: perRow, dgamma: channels, dbeta: channels)
    x.read { x0 in
      r.y.write {
        ik_layer_norm(
          x.type, Int64(rows), Int64(columns), 1e-5, x0, gamma, beta, $0, &r.mean, &r.rstd)
      }
      dy.read { d in
        r.dx.write {
          ik_layer_norm_backward(
            x.type, Int64(rows), Int64(columns), x0, gamma, r.mean, r.rstd, d, $0, &r.dgamma,
            &r.dbeta)
        }
      }
    }
    return r
  }

  static func expectAgreement(
    _ r: Result, _ f: Formula, elements n: Int, _ label: String, slack: Double = 1
  ) {
    let type = r.y.type
    let rounding = 1.01 * roundingError(type)
    let largest = { (v: [Double]) in v.reduce(0) { max($0, abs($1)) } }
    let floats = { (v: [Float]) in v.map(Double.init) }
    // Values of order one from a few float32 operations each; sums of n of them are relative to sqrt(n).
    let e = 2e-6 * slack
    expectClose(r.y.values, f.y, relative: e + rounding, absolute: e, "\(label) y")
    expectClose(floats(r.mean), f.mean, relative: 1e-6, absolute: 1e-6, "\(label) mean")
    expectClose(floats(r.rstd), f.rstd, relative: 1e-5 * slack, "\(label) rstd")
    // Terms of up to 3 rstd (|dy| <= 2, gamma <= 1.5) cancel, wholly in a group of two elements.
    expectClose(
      r.dx.values, f.dx, relative: e + rounding, absolute: 3 * e * largest(f.rstd), "\(label) dx")
    let sumError = e * Double(n).squareRoot() * 3
    expectClose(floats(r.dgamma), f.dgamma, relative: e, absolute: sumError, "\(label) dgamma")
    expectClose(floats(r.dbeta), f.dbeta, relative: e, absolute: sumError, "\(label) dbeta")
  }

  static func parameters(_ channels: Int) -> (gamma: [Float], beta: [Float]) {
    (
      randomArray(IK_F32, channels, seed: 7, in: 0.5...1.5).values.map { Float($0) },
      randomArray(IK_F32, channels, seed: 8, in: -0.5...0.5).values.map { Float($0) }
    )
  }

  /// B, S, C, G: one chunk and several, tails of every vector length, more channels than a block.
  static let shapes = [
    [1, 1, 2, 1], [2, 1, 8, 2], [2, 9, 6, 3], [3, 16, 33, 11], [2, 64, 96, 32], [1, 300, 320, 32],
    [2, 3, 600, 4], [1, 5000, 16, 4], [2, 1030, 40, 8],
  ]

  @Test(arguments: activationTypes, shapes.indices) func groupNormAgrees(type: UInt32, index: Int) {
    let type = ik_dtype(type)
    let p = Self.shapes[index]
    let s = (B: p[0], S: p[1], C: p[2], G: p[3])
    let x = randomArray(type, s.B * s.S * s.C, seed: 1, in: -1...3)
    let dy = randomArray(type, x.count, seed: 2)
    let (gamma, beta) = Self.parameters(s.C)
    for silu in [false, true] {
      let f = Formula(
        s, eps: 1e-5, silu: silu, x: x.values, gamma: gamma.map(Double.init),
        beta: beta.map(Double.init), dy: dy.values)
      onEveryLevel { level in
        let r = Self.groupNorm(s, silu: silu, x: x, gamma: gamma, beta: beta, dy: dy)
        Self.expectAgreement(r, f, elements: s.B * s.S, "\(level) \(p) silu \(silu)")
      }
    }
  }

  /// The mean is 1000 standard deviations: sums of squares around zero would leave no digit.
  @Test(arguments: [2, 5000]) func groupNormSurvivesLargeMeans(positions: Int) {
    let s = (B: 2, S: positions, C: 40, G: 8)
    let x = randomArray(IK_F32, s.B * s.S * s.C, in: 999...1001)
    let dy = randomArray(IK_F32, x.count, seed: 2)
    let (gamma, beta) = Self.parameters(s.C)
    let f = Formula(
      s, eps: 1e-5, silu: true, x: x.values, gamma: gamma.map(Double.init),
      beta: beta.map(Double.init), dy: dy.values)
    onEveryLevel { level in
      let r = Self.groupNorm(s, silu: true, x: x, gamma: gamma, beta: beta, dy: dy)
      // Forward must stay accurate. Backward reads the mean in float32, which is off by up to 3e-5 here.
      expectClose(r.y.values, f.y, relative: 5e-6, absolute: 5e-6, "\(level) y")
      expectClose(r.rstd.map(Double.init), f.rstd, relative: 5e-6, "\(level) rstd")
      expectClose(r.dx.values, f.dx, relative: 2e-4, absolute: 2e-4, "\(level) dx")
    }
  }

  @Test func groupNormPropagatesNaN() {
    let s = (B: 2, S: 5, C: 8, G: 2)
    var values = randomArray(IK_F32, 80).values
    values[40] = .nan
    let x = TypedArray(IK_F32, values)
    let (gamma, beta) = Self.parameters(8)
    onEveryLevel { level in
      let y = Self.groupNorm(s, silu: true, x: x, gamma: gamma, beta: beta, dy: x).y.values
      for i in y.indices { #expect(y[i].isNaN == (i >= 40 && i % 8 < 4), "\(level) \(i)") }
    }
  }

  static let rows = [
    [1, 1], [3, 7], [2, 8], [5, 16], [9, 33], [300, 64], [33, 320], [2, 1003],
  ]

  @Test(arguments: activationTypes, rows.indices) func layerNormAgrees(type: UInt32, index: Int) {
    let type = ik_dtype(type)
    let (rows, C) = (Self.rows[index][0], Self.rows[index][1])
    for offset in [0.0, 500] {
      let x = randomArray(type, rows * C, in: offset - 1...offset + 3)
      let dy = randomArray(type, x.count, seed: 2)
      let (gamma, beta) = Self.parameters(C)
      // A row is a group of one position; its parameters' gradients are summed over rows.
      let f = Formula(
        (B: rows, S: 1, C: C, G: 1), eps: 1e-5, silu: false, x: x.values,
        gamma: gamma.map(Double.init), beta: beta.map(Double.init), dy: dy.values)
      onEveryLevel { level in
        let r = Self.layerNorm(rows: rows, columns: C, x: x, gamma: gamma, beta: beta, dy: dy)
        // x - mean is as good as the float32 mean: 3e-5 at 500. One column has no spread at all.
        let slack = (offset == 0 ? 1.0 : 20) * (C == 1 ? 100 : 1)
        Self.expectAgreement(
          r, f, elements: rows, "\(level) \([rows, C]) + \(offset)", slack: slack)
      }
    }
  }

  @Test func gradientsMayBeLeftOut() {
    let (gamma, beta) = Self.parameters(24)
    let x = randomArray(IK_F32, 240)
    let dy = randomArray(IK_F32, 240, seed: 2)
    let s = (B: 2, S: 5, C: 24, G: 4)
    let full = Self.groupNorm(s, silu: true, x: x, gamma: gamma, beta: beta, dy: dy)
    let rowsFull = Self.layerNorm(rows: 10, columns: 24, x: x, gamma: gamma, beta: beta, dy: dy)
    var (dx, rowsDx) = (TypedArray(IK_F32, count: 240), TypedArray(IK_F32, count: 240))
    var (dgamma, dbeta) = ([Float](repeating: 0, count: 24), [Float](repeating: 0, count: 24))
    x.read { x0 in
      dy.read { d in
        dx.write {
          ik_group_norm_backward(
            IK_F32, 2, 5, 24, 4, 1, x0, gamma, beta, 0, full.mean, full.rstd, d, $0, nil, nil)
        }
        rowsDx.write {
          ik_layer_norm_backward(
            IK_F32, 10, 24, x0, gamma, rowsFull.mean, rowsFull.rstd, d, $0, nil, nil)
        }
        ik_group_norm_backward(
          IK_F32, 2, 5, 24, 4, 1, x0, gamma, beta, 0, full.mean, full.rstd, d, nil, &dgamma, &dbeta)
        #expect(dgamma == full.dgamma && dbeta == full.dbeta)
        ik_layer_norm_backward(
          IK_F32, 10, 24, x0, gamma, rowsFull.mean, rowsFull.rstd, d, nil, &dgamma, &dbeta)
        #expect(dgamma == rowsFull.dgamma && dbeta == rowsFull.dbeta)
      }
    }
    #expect(dx == full.dx && rowsDx == rowsFull.dx)
  }

  @Test func emptyInputsGiveZeroGradients() {
    let (gamma, beta) = Self.parameters(8)
    let x = TypedArray(IK_F32, count: 0)
    let group = Self.groupNorm(
      (B: 0, S: 4, C: 8, G: 2), silu: false, x: x, gamma: gamma, beta: beta, dy: x)
    let layer = Self.layerNorm(rows: 0, columns: 8, x: x, gamma: gamma, beta: beta, dy: x)
    let zeros = [Float](repeating: 0, count: 8)
    #expect(group.dgamma == zeros && group.dbeta == zeros)
    #expect(layer.dgamma == zeros && layer.dbeta == zeros)
  }

  @Test(arguments: activationTypes, [[6, 256, 40, 8], [2, 3000, 40, 8]])
  func sameForAnyThreadCount(type: UInt32, p: [Int]) {
    let s = (B: p[0], S: p[1], C: p[2], G: p[3])
    let x = randomArray(ik_dtype(type), s.B * s.S * s.C)
    let dy = randomArray(ik_dtype(type), x.count, seed: 2)
    let (gamma, beta) = Self.parameters(s.C)
    expectSameForAnyThreadCount("normalisation") {
      let g = Self.groupNorm(s, silu: true, x: x, gamma: gamma, beta: beta, dy: dy)
      let l = Self.layerNorm(rows: s.B * s.S, columns: s.C, x: x, gamma: gamma, beta: beta, dy: dy)
      return [g.y, g.dx, g.floats, l.y, l.dx, l.floats]
    }
  }
}
