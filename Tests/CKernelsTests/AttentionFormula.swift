import CKernels
import Foundation
import Testing

/// Attention and its gradients by the textbook formula in double precision, and calls of the kernels to compare with it.
extension AttentionTests {
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
        return withUnsafeBytes(of: TypedArray.bf16Bits(value)) { [UInt8]($0) }
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
    onEveryLevel { _ in compare(p, run(p, inputs), e, tolerance: tolerance) }
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
}
