import CKernels
import Foundation
import Testing

/// Attention against the textbook formula in double precision, on every instruction set here.
///
/// Serialized: the forced instruction set and the number of threads are global.
@Suite(.serialized) struct AttentionTests {
  /// Sizes, layout and scale of one call.
  struct Problem: CustomStringConvertible, Sendable {
    var type = IK_F32
    var batch = 1
    var heads = 1
    var queries: Int
    var keys: Int
    var features: Int
    var scale: Float
    var causal = false
    /// q, k and v are thirds of one projection `[B, T, 3 * heads * D]` rather than arrays.
    var sliced = false

    init(_ queries: Int, _ keys: Int, _ features: Int) {
      (self.queries, self.keys, self.features) = (queries, keys, features)
      scale = 1 / Float(features).squareRoot()
    }
    var channels: Int { heads * features }
    var description: String {
      "\(type == IK_F32 ? "f32" : "bf16") B\(batch) h\(heads) Tq\(queries) Tk\(keys) D\(features)"
        + " scale \(scale)\(causal ? " causal" : "")\(sliced ? " sliced" : "")"
    }
  }

  /// Elements of either type, rounded to it.
  struct Elements {
    let type: ik_dtype
    var bytes: [UInt8]

    init(_ type: ik_dtype, _ values: [Float]) {
      self.type = type
      bytes = values.flatMap { value -> [UInt8] in
        if type == IK_F32 { return withUnsafeBytes(of: value) { [UInt8]($0) } }
        let bits = value.bitPattern
        let half = UInt16(truncatingIfNeeded: (bits + 0x7fff + ((bits >> 16) & 1)) >> 16)
        return withUnsafeBytes(of: half) { [UInt8]($0) }
      }
    }
    init(_ type: ik_dtype, count: Int) {
      self.init(type, [Float](repeating: 7, count: count))  // must be overwritten
    }
    var values: [Float] {
      bytes.withUnsafeBytes { raw in
        type == IK_F32
          ? [Float](raw.bindMemory(to: Float.self))
          : raw.bindMemory(to: UInt16.self).map { Float(bitPattern: UInt32($0) << 16) }
      }
    }
  }

  struct Inputs {
    var q, k, v, gradient: [Float]  // [B, T, heads * D], already rounded to the type

    init(_ p: Problem, seed: UInt64 = 1, spread: Float = 1) {
      var state = seed
      func values(_ tokens: Int) -> [Float] {
        let raw = (0..<p.batch * tokens * p.channels).map { _ -> Float in
          state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
          return (Float(state >> 40) / Float(1 << 23) - 1) * 1.7 * spread
        }
        return Elements(p.type, raw).values
      }
      (q, k, v) = (values(p.queries), values(p.keys), values(p.keys))
      gradient = values(p.queries)
    }
  }

  struct Outputs {
    var out, lse, dq, dk, dv: [Float]
  }

  /// Both directions of the kernel.
  static func run(_ p: Problem, _ inputs: Inputs) -> Outputs {
    let width = p.sliced ? 3 * p.channels : p.channels
    func place(_ values: [Float], _ tokens: Int, _ third: Int) -> Elements {
      guard p.sliced else { return Elements(p.type, values) }
      // The other thirds hold NaN: reading one shows.
      var wide = [Float](repeating: .nan, count: p.batch * tokens * width)
      for row in 0..<p.batch * tokens {
        for c in 0..<p.channels {
          wide[row * width + third * p.channels + c] = values[row * p.channels + c]
        }
      }
      return Elements(p.type, wide)
    }
    let q = place(inputs.q, p.queries, 0)
    let k = place(inputs.k, p.keys, 1)
    let v = place(inputs.v, p.keys, 2)
    let gradient = Elements(p.type, inputs.gradient)
    var out = Elements(p.type, count: inputs.q.count)
    var dq = out
    var dk = Elements(p.type, count: inputs.k.count)
    var dv = dk
    var lse = [Float](repeating: 0, count: p.batch * p.heads * p.queries)
    let (batch, heads, tq, tk, d) = (
      Int64(p.batch), Int64(p.heads), Int64(p.queries), Int64(p.keys), Int64(p.features)
    )
    let offset = p.sliced ? p.channels * (p.type == IK_F32 ? 4 : 2) : 0
    let stride = Int64(width)
    q.bytes.withUnsafeBytes { q in
      k.bytes.withUnsafeBytes { k in
        v.bytes.withUnsafeBytes { v in
          let (k1, v2) = (k.baseAddress.map { $0 + offset }, v.baseAddress.map { $0 + 2 * offset })
          out.bytes.withUnsafeMutableBytes { out in
            ik_attention(
              p.type, batch, heads, tq, tk, d, p.scale, p.causal ? 1 : 0, q.baseAddress, stride,
              k1, stride, v2, stride, out.baseAddress, Int64(p.channels), &lse)
          }
          out.bytes.withUnsafeBytes { out in
            gradient.bytes.withUnsafeBytes { gradient in
              dq.bytes.withUnsafeMutableBytes { dq in
                dk.bytes.withUnsafeMutableBytes { dk in
                  dv.bytes.withUnsafeMutableBytes { dv in
                    ik_attention_backward(
                      p.type, batch, heads, tq, tk, d, p.scale, p.causal ? 1 : 0, q.baseAddress,
                      stride, k1, stride, v2, stride, out.baseAddress, lse, gradient.baseAddress,
                      dq.baseAddress, dk.baseAddress, dv.baseAddress)
                  }
                }
              }
            }
          }
        }
      }
    }
    return Outputs(out: out.values, lse: lse, dq: dq.values, dk: dk.values, dv: dv.values)
  }

  /// The formula, and the size of what was summed for each result: errors are measured against it,
  /// because a sum that cancels cannot be more exact than its terms.
  struct Expected {
    var out, lse, dq, dk, dv: [Double]
    var outSize = 0.0
    var dqSize = 0.0
    var dkSize = 0.0
    var dvSize = 0.0
  }

  static func expected(_ p: Problem, _ x: Inputs) -> Expected {
    var e = Expected(
      out: .init(repeating: 0, count: x.q.count),
      lse: .init(repeating: 0, count: p.batch * p.heads * p.queries),
      dq: .init(repeating: 0, count: x.q.count), dk: .init(repeating: 0, count: x.k.count),
      dv: .init(repeating: 0, count: x.k.count))
    var (kSize, vSize) = (e.dk, e.dv)
    let scale = Double(p.scale)
    for b in 0..<p.batch {
      for h in 0..<p.heads {
        for i in 0..<p.queries {
          let qRow = (b * p.queries + i) * p.channels + h * p.features
          let visible = p.causal ? min(i + 1, p.keys) : p.keys
          func kRow(_ j: Int) -> Int { (b * p.keys + j) * p.channels + h * p.features }
          func dot(_ a: [Float], _ i: Int, _ b: [Float], _ j: Int) -> Double {
            var sum = 0.0
            for d in 0..<p.features { sum += Double(a[i + d]) * Double(b[j + d]) }
            return sum
          }
          var weight = (0..<visible).map { scale * dot(x.q, qRow, x.k, kRow($0)) }
          let top = weight.max() ?? 0
          let sum = weight.reduce(0) { $0 + exp($1 - top) }
          weight = weight.map { exp($0 - top) / sum }
          e.lse[(b * p.heads + h) * p.queries + i] = top + log(sum)
          let slope = (0..<visible).map { dot(x.gradient, qRow, x.v, kRow($0)) }
          let delta = zip(weight, slope).reduce(0) { $0 + $1.0 * $1.1 }
          for d in 0..<p.features {
            var (outSize, dqSize) = (0.0, 0.0)
            for j in 0..<visible {
              let (row, dS) = (kRow(j), scale * weight[j] * (slope[j] - delta))
              let dSSize = abs(scale) * weight[j] * (abs(slope[j]) + abs(delta))
              let gradient = Double(x.gradient[qRow + d])
              e.out[qRow + d] += weight[j] * Double(x.v[row + d])
              outSize += weight[j] * abs(Double(x.v[row + d]))
              e.dq[qRow + d] += dS * Double(x.k[row + d])
              dqSize += dSSize * abs(Double(x.k[row + d]))
              e.dk[row + d] += dS * Double(x.q[qRow + d])
              kSize[row + d] += dSSize * abs(Double(x.q[qRow + d]))
              e.dv[row + d] += weight[j] * gradient
              vSize[row + d] += weight[j] * abs(gradient)
            }
            (e.outSize, e.dqSize) = (max(e.outSize, outSize), max(e.dqSize, dqSize))
          }
        }
      }
    }
    (e.dkSize, e.dvSize) = (kSize.max() ?? 0, vSize.max() ?? 0)
    return e
  }

  static func expectClose(
    _ name: String, _ actual: [Float], _ expected: [Double], size: Double, tolerance: Double,
    _ problem: Problem, _ location: SourceLocation = #_sourceLocation
  ) {
    #expect(actual.count == expected.count, sourceLocation: location)
    var (worst, index) = (0.0, 0)
    for i in expected.indices {
      let error = abs(Double(actual[i]) - expected[i])
      if !(error <= worst) { (worst, index) = (error.isNaN ? .infinity : error, i) }
    }
    #expect(
      worst <= tolerance * size,
      "\(name)[\(index)] off by \(worst), size \(size): \(problem) on \(String(cString: ik_isa()))",
      sourceLocation: location)
  }

  /// f32: 2^-24 for each of the roundings in a dot product of up to 512 terms and in exp, added as a
  /// random walk, gives about 2e-6. bf16: weights, dS and results are rounded to 8 bits (2^-9 each);
  /// delta comes from a rounded `out`, which adds the same again.
  static func tolerance(_ p: Problem) -> Double { p.type == IK_F32 ? 4e-6 : 0.012 }

  /// Compares every instruction set with the formula.
  static func check(_ p: Problem, spread: Float = 1, tolerance: Double? = nil) {
    let inputs = Inputs(p, spread: spread)
    let e = expected(p, inputs)
    onEveryLevel { compare(p, run(p, inputs), e, tolerance: tolerance) }
  }

  static func compare(_ p: Problem, _ actual: Outputs, _ e: Expected, tolerance: Double?) {
    let tolerance = tolerance ?? self.tolerance(p)
    let largest = e.lse.reduce(1) { max($0, abs($1)) }
    expectClose("out", actual.out, e.out, size: e.outSize, tolerance: tolerance, p)
    expectClose("lse", actual.lse, e.lse, size: largest, tolerance: tolerance, p)
    expectClose("dq", actual.dq, e.dq, size: e.dqSize, tolerance: tolerance, p)
    expectClose("dk", actual.dk, e.dk, size: e.dkSize, tolerance: tolerance, p)
    expectClose("dv", actual.dv, e.dv, size: e.dvSize, tolerance: tolerance, p)
  }

  /// Runs the body on every instruction set the processor has.
  static func onEveryLevel(_ body: () -> Void) {
    let best = ik_isa_level()
    defer { ik_force_isa_level(best) }
    for level in 0...best {
      ik_force_isa_level(level)
      body()
    }
  }

  static let lengths = [1, 7, 16, 33, 64, 77, 130, 300]

  @Test(arguments: [IK_F32.rawValue, IK_BF16.rawValue], lengths)
  func agreesWithFormula(type: UInt32, queries: Int) {
    for (i, keys) in Self.lengths.enumerated() {
      for features in [[1, 64, 24], [3, 40, 160], [16, 80, 28]][i % 3] {
        var p = Problem(queries, keys, features)
        p.type = ik_dtype(type)
        p.batch = 1 + i % 2
        p.heads = 1 + (i + 1) % 2
        p.sliced = i % 4 < 2
        Self.check(p)
      }
    }
  }

  @Test(arguments: [IK_F32.rawValue, IK_BF16.rawValue], lengths)
  func causalMaskHidesLaterKeys(type: UInt32, tokens: Int) {
    for features in [5, 24, 64] {
      var p = Problem(tokens, tokens, features)
      p.type = ik_dtype(type)
      p.heads = 2
      p.causal = true
      p.sliced = features == 24
      Self.check(p)
      p.scale = -p.scale
      Self.check(p)
    }
  }

  @Test(arguments: [IK_F32.rawValue, IK_BF16.rawValue])
  func wideHeads(type: UInt32) {
    var p = Problem(33, 70, 512)
    p.type = ik_dtype(type)
    Self.check(p)
    p = Problem(70, 33, 513)
    p.type = ik_dtype(type)
    Self.check(p)
  }

  /// Keys beyond one chunk of the backward pass, queries beyond one tile.
  @Test(arguments: [IK_F32.rawValue, IK_BF16.rawValue], [false, true])
  func longSequences(type: UInt32, causal: Bool) {
    var p = Problem(700, 700, 6)
    p.type = ik_dtype(type)
    p.causal = causal
    Self.check(p)
  }

  /// Scores of several thousand: float32 keeps them to 2^-24 of their size, so weights, their
  /// exponentials, are off by thousands of times that; nothing may overflow.
  @Test(arguments: [IK_F32.rawValue, IK_BF16.rawValue])
  func largeScores(type: UInt32) {
    var p = Problem(77, 130, 40)
    p.type = ik_dtype(type)
    p.scale = 1
    Self.check(p, spread: 8, tolerance: p.type == IK_F32 ? 4e-4 : 0.02)
    Self.onEveryLevel {
      var x = Inputs(p)
      x.q = x.q.map { $0 * 1e15 }
      x.k = x.k.map { $0 * 1e15 }
      let y = Self.run(p, x)
      #expect((y.out + y.lse).allSatisfy { $0.isFinite }, "\(p)")
    }
  }

  /// Large heads are packed by all threads together, small ones by each: rows do not notice.
  @Test(arguments: [IK_F32.rawValue, IK_BF16.rawValue])
  func sharedPackingDoesNotChangeBits(type: UInt32) {
    var p = Problem(1024, 1401, 512)
    p.type = ik_dtype(type)
    let x = Inputs(p)
    Self.onEveryLevel {
      p.queries = 1024
      let all = Self.run(p, x)
      var part = x
      p.queries = 64
      part.q = [Float](x.q[..<(64 * 512)])
      part.gradient = [Float](x.gradient[..<(64 * 512)])
      let few = Self.run(p, part)
      #expect([Float](all.out[..<(64 * 512)]) == few.out && [Float](all.lse[..<64]) == few.lse)
    }
  }

  @Test func noKeysGiveZero() {
    Self.onEveryLevel {
      let p = Problem(5, 0, 8)
      let y = Self.run(p, Inputs(p))
      #expect((y.out + y.dq).allSatisfy { $0 == 0 })
    }
  }

  @Test func notANumberIsNotHidden() {
    Self.onEveryLevel {
      for type in [IK_F32, IK_BF16] {
        var p = Problem(20, 70, 16)
        p.type = type
        var x = Inputs(p)
        x.k[65 * 16 + 3] = .nan
        #expect(Self.run(p, x).out.allSatisfy { $0.isNaN }, "\(p)")
      }
    }
  }

  static func bits(_ y: Outputs) -> [[UInt32]] {
    [y.out, y.lse, y.dq, y.dk, y.dv].map { $0.map(\.bitPattern) }
  }

  @Test(arguments: [IK_F32.rawValue, IK_BF16.rawValue], [(130, 77), (300, 300), (16, 14)])
  func threadsDoNotChangeBits(type: UInt32, lengths: (Int, Int)) {
    defer { _ = ik_hold_threads(0) }
    Self.onEveryLevel {
      var p = Problem(lengths.0, lengths.1, 24)
      p.type = ik_dtype(type)
      (p.batch, p.heads) = (3, 3)
      let x = Inputs(p)
      _ = ik_hold_threads(1)
      let alone = Self.bits(Self.run(p, x))
      for (count, slow) in [(2, -1), (2, 0), (2, 1), (3, -1), (5, -1), (5, 3)] {
        _ = ik_hold_threads(Int32(count))
        ik_delay(Int32(slow), 100)
        #expect(Self.bits(Self.run(p, x)) == alone, "\(count) threads, slow \(slow): \(p)")
      }
      ik_delay(-1, 0)
    }
  }

  @Test(arguments: [IK_F32.rawValue, IK_BF16.rawValue], [(130, 77), (300, 300), (16, 14)])
  func batchDoesNotChangeBits(type: UInt32, lengths: (Int, Int)) {
    Self.onEveryLevel {
      var p = Problem(lengths.0, lengths.1, 40)
      p.type = ik_dtype(type)
      (p.batch, p.heads) = (4, 2)
      let x = Inputs(p)
      let together = Self.run(p, x)
      var single = p
      single.batch = 1
      for b in 0..<p.batch {
        func part(_ values: [Float]) -> [Float] {
          let count = values.count / p.batch
          return [Float](values[b * count..<(b + 1) * count])
        }
        var y = x
        (y.q, y.k, y.v, y.gradient) = (part(x.q), part(x.k), part(x.v), part(x.gradient))
        let slice = Outputs(
          out: part(together.out), lse: part(together.lse), dq: part(together.dq),
          dk: part(together.dk), dv: part(together.dv))
        #expect(Self.bits(Self.run(single, y)) == Self.bits(slice), "item \(b): \(p)")
      }
    }
  }

  /// A power of two times the gradient scales every result exactly.
  @Test func backwardIsLinear() {
    Self.onEveryLevel {
      var p = Problem(33, 77, 24)
      p.heads = 2
      var x = Inputs(p)
      let y = Self.run(p, x)
      x.gradient = x.gradient.map { $0 * 4 }
      let z = Self.run(p, x)
      #expect(z.dq == y.dq.map { $0 * 4 } && z.dk == y.dk.map { $0 * 4 })
      #expect(z.dv == y.dv.map { $0 * 4 })
    }
  }

  /// The derivative along one direction, from the forward kernel alone.
  @Test(arguments: [false, true])
  func backwardIsTheDerivative(causal: Bool) {
    var p = Problem(20, 20, 8)
    p.heads = 2
    p.causal = causal
    Self.onEveryLevel {
      let (x, direction) = (Inputs(p), Inputs(p, seed: 9))
      let y = Self.run(p, x)
      func loss(_ step: Float) -> Double {
        func moved(_ a: [Float], _ b: [Float]) -> [Float] { zip(a, b).map { $0 + step * $1 } }
        var z = x
        z.q = moved(x.q, direction.q)
        z.k = moved(x.k, direction.k)
        z.v = moved(x.v, direction.v)
        let out = Self.run(p, z).out
        return zip(out, x.gradient).reduce(0) { $0 + Double($1.0) * Double($1.1) }
      }
      func inner(_ a: [Float], _ b: [Float]) -> Double {
        zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
      }
      let step: Float = 1.0 / 128
      let slope = (loss(step) - loss(-step)) / Double(2 * step)
      let expected =
        inner(y.dq, direction.q) + inner(y.dk, direction.k) + inner(y.dv, direction.v)
      // Central differences: error step^2 times the third derivative, which is of the size of the
      // slope; float32 rounding of the outputs adds 1e-7 / step.
      #expect(abs(slope - expected) <= 5e-3 * max(1, abs(expected)), "\(slope) \(expected)")
    }
  }
}
