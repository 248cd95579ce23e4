import CKernels
import Foundation
import Testing

@Suite struct ActivationsTests {
  struct Function: Sendable {
    let op: ik_unary_op
    let range: ClosedRange<Double>
    /// Bound on the relative error, in roundings of float32.
    var roundings = 4.0
    var absolute = 0.0
    let value: @Sendable (Double) -> Double
  }
  /// Not numbers that bf16 has: the slope test must not meet the kink of clamp.
  static let parameters: (Double, Double) = (-0.751, 1.249)
  static func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
  static func tanhGelu(_ x: Double) -> Double {
    0.5 * x * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
  }

  static let functions: [Function] = [
    Function(op: IK_NEG, range: -9...9) { -$0 },
    Function(op: IK_EXP, range: -104...88.7) { exp($0) },
    Function(op: IK_LOG, range: 1e-3...50, absolute: 1e-7) { log($0) },
    Function(op: IK_SQRT, range: 1e-3...50) { $0.squareRoot() },
    Function(op: IK_RSQRT, range: 1e-3...50) { 1 / $0.squareRoot() },
    Function(op: IK_SQUARE, range: -9...9) { $0 * $0 },
    Function(op: IK_ABS, range: -9...9) { abs($0) },
    Function(op: IK_SIN, range: -1000...1000, absolute: 1e-7) { sin($0) },
    Function(op: IK_COS, range: -1000...1000, absolute: 1e-7) { cos($0) },
    Function(op: IK_TANH, range: -12...12) { tanh($0) },
    // e^-x has the relative error |x| 2^-24 on top, from rounding inside the reduction.
    Function(op: IK_SIGMOID, range: -80...20, roundings: 6) { sigmoid($0) },
    Function(op: IK_RELU, range: -9...9) { max($0, 0) },
    Function(op: IK_SILU, range: -80...20, roundings: 6) { $0 * sigmoid($0) },
    Function(op: IK_GELU, range: -4...9, roundings: 20, absolute: 1e-7) {
      $0 * 0.5 * erfc(-$0 / 2.0.squareRoot())
    },
    // 1 + tanh cancels for negative arguments.
    Function(op: IK_GELU_TANH, range: -9...9, roundings: 6, absolute: 1e-6) { tanhGelu($0) },
    Function(op: IK_QUICK_GELU, range: -20...20, roundings: 44) { $0 * sigmoid(1.702 * $0) },
    Function(op: IK_CLAMP, range: -3...3) { min(max($0, parameters.0), parameters.1) },
    Function(op: IK_RECIPROCAL, range: 0.1...9) { 1 / $0 },
    Function(op: IK_LEAKY_RELU, range: -9...9) { $0 > 0 ? $0 : $0 * parameters.0 },
    Function(op: IK_SOFTPLUS, range: -30...30, roundings: 8) { log1p(exp(-abs($0))) + max($0, 0) },
  ]

  static func unary(_ op: ik_unary_op, _ x: TypedArray) -> TypedArray {
    var out = TypedArray(x.type, count: x.count)
    let (p0, p1) = (Float(parameters.0), Float(parameters.1))
    x.read { x0 in out.write { ik_unary(op, x.type, Int64(x.count), x0, p0, p1, $0) } }
    return out
  }
  static func backward(_ op: ik_unary_op, _ x: TypedArray, _ dy: TypedArray) -> TypedArray {
    var out = TypedArray(x.type, count: x.count)
    let (p0, p1) = (Float(parameters.0), Float(parameters.1))
    x.read { x0 in
      dy.read { dy0 in
        out.write { ik_unary_backward(op, x.type, Int64(x.count), x0, dy0, p0, p1, $0) }
      }
    }
    return out
  }

  @Test func everyOperationIsTested() {
    #expect(Self.functions.map(\.op.rawValue) == Array(0..<IK_UNARY_COUNT.rawValue))
  }

  @Test(arguments: activationTypes, functions.indices) func value(type: UInt32, index: Int) {
    let (type, f) = (ik_dtype(type), Self.functions[index])
    onEveryLevel { level in
      for n in testSizes + [20_001] {
        let x = randomArray(type, n, seed: UInt64(n), in: f.range)
        let relative = f.roundings * 0x1p-24 + (type == IK_F32 ? 0 : roundingError(type))
        expectClose(
          // Below 2^-126 float32 has fewer bits, and the bf16 instruction rounds to 0.
          Self.unary(f.op, x).values, x.values.map(f.value), relative: relative,
          absolute: f.absolute + 0x1p-126, "\(level) operation \(index), n \(n)")
      }
    }
  }

  @Test(arguments: activationTypes, functions.indices) func slope(type: UInt32, index: Int) {
    let (type, f) = (ik_dtype(type), Self.functions[index])
    // Steep exponentials and kinks are left to the value test.
    let low = max(f.range.lowerBound, -6)
    let high = min(f.range.upperBound, 6)
    let h = 1e-5
    onEveryLevel { level in
      for n in testSizes {
        let x = randomArray(
          type, n, seed: UInt64(n), in: max(low, f.op == IK_LOG ? 0.05 : low)...high)
        let dy = randomArray(type, n, seed: 99)
        let expected = zip(x.values, dy.values).map { x, dy in
          dy * (f.value(x + h) - f.value(x - h)) / (2 * h)
        }
        // Central differences are good to h^2 f''' / 6, about 1e-9 of a third derivative below 1e3 here.
        expectClose(
          Self.backward(f.op, x, dy).values, expected, relative: 1e-5 + 1.01 * roundingError(type),
          absolute: 2e-6, "\(level) operation \(index), n \(n)")
      }
    }
  }

  /// Argument, and the exact result where it is exact or not finite.
  static let exact: [(ik_unary_op, Double, Double)] = [
    (IK_RELU, .nan, .nan), (IK_RELU, -.infinity, 0), (IK_RELU, .infinity, .infinity),
    (IK_EXP, .nan, .nan), (IK_EXP, .infinity, .infinity), (IK_EXP, -.infinity, 0), (IK_EXP, 0, 1),
    (IK_EXP, 88.8, .infinity), (IK_EXP, -110, 0),
    (IK_TANH, .nan, .nan), (IK_TANH, .infinity, 1), (IK_TANH, -.infinity, -1), (IK_TANH, 0, 0),
    (IK_SIGMOID, .nan, .nan), (IK_SIGMOID, .infinity, 1), (IK_SIGMOID, -.infinity, 0),
    (IK_SILU, .nan, .nan), (IK_SILU, .infinity, .infinity), (IK_SILU, 0, 0),
    (IK_GELU, .nan, .nan), (IK_GELU, .infinity, .infinity), (IK_GELU, -30, 0), (IK_GELU, 30, 30),
    (IK_CLAMP, .nan, .nan), (IK_SOFTPLUS, 200, 200),
    (IK_SOFTPLUS, .nan, .nan), (IK_SQRT, -1, .nan), (IK_LOG, 0, -.infinity), (IK_LOG, -1, .nan),
    (IK_RECIPROCAL, 0, .infinity), (IK_LEAKY_RELU, .nan, .nan), (IK_ABS, -.infinity, .infinity),
  ]

  @Test(arguments: exact.indices) func specialValue(index: Int) {
    let (op, x, y) = Self.exact[index]
    onEveryLevel { level in
      for type in [IK_F32, IK_BF16] {
        let out = Self.unary(op, TypedArray(type, [Double](repeating: x, count: 19)))
        expectClose(
          out.values, [Double](repeating: y, count: 19), relative: 0, "\(level) \(op) of \(x)")
      }
    }
  }

  @Test(arguments: activationTypes, [0, 1, 7, 16, 33, 64, 100]) func geglu(type: UInt32, width: Int) {
    let type = ik_dtype(type)
    let rows = 3
    let x = randomArray(type, rows * 2 * width, in: -4...4)
    let dy = randomArray(type, rows * width, seed: 5)
    let (xs, dys) = (x.values, dy.values)
    let cdf = { (v: Double) in 0.5 * erfc(-v / 2.0.squareRoot()) }
    var y = [Double](repeating: 0, count: rows * width)
    var dx = [Double](repeating: 0, count: rows * 2 * width)
    for r in 0..<rows {
      for i in 0..<width {
        let (v, g, d) = (xs[r * 2 * width + i], xs[r * 2 * width + width + i], dys[r * width + i])
        y[r * width + i] = v * g * cdf(g)
        dx[r * 2 * width + i] = d * g * cdf(g)
        dx[r * 2 * width + width + i] =
          d * v * (cdf(g) + g * exp(-g * g / 2) / (2 * Double.pi).squareRoot())
      }
    }
    onEveryLevel { level in
      var out = TypedArray(type, count: y.count)
      x.read { x0 in out.write { ik_geglu(type, Int64(rows), Int64(width), x0, $0) } }
      // Products of numbers up to 16: absolute error as for GELU above.
      let relative = 1e-6 + 1.01 * roundingError(type)
      expectClose(out.values, y, relative: relative, absolute: 2e-6, "\(level) value")
      var gradient = TypedArray(type, count: dx.count)
      x.read { x0 in
        dy.read { dy0 in
          gradient.write { ik_geglu_backward(type, Int64(rows), Int64(width), x0, dy0, $0) }
        }
      }
      expectClose(gradient.values, dx, relative: relative, absolute: 2e-6, "\(level) gradient")
    }
  }

  @Test func sameForAnyThreadCount() {
    let x = randomArray(IK_F32, 100_003)
    expectSameForAnyThreadCount("unary") {
      [IK_SILU, IK_GELU, IK_TANH, IK_SOFTPLUS].map { Self.unary($0, x) }
        + [Self.backward(IK_GELU, x, x)]
    }
  }
}
