import CKernels
import Foundation
import Testing

/// Attention against the textbook formula in double precision, on every instruction set here.
///
/// Serialized: the forced instruction set and the number of threads are global.
@Suite(.serialized) struct AttentionTests {
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
    onEveryLevel { _ in
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
    onEveryLevel { _ in
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
    onEveryLevel { _ in
      let p = Problem(5, 0, 8)
      let y = Self.run(p, Inputs(p))
      #expect((y.out + y.dq).allSatisfy { $0 == 0 })
    }
  }

  @Test func notANumberIsNotHidden() {
    onEveryLevel { _ in
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
    onEveryLevel { _ in
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
    onEveryLevel { _ in
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
    onEveryLevel { _ in
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
    onEveryLevel { _ in
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
