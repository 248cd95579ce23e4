import CKernels
import Testing

@Suite struct ElementwiseTests {
  static let allTypes = [IK_F32, IK_BF16, IK_F16].map(\.rawValue)
  /// Ties of bf16 and f16, denormals, overflow, and what is not a number.
  static let specials: [Double] =
    [
      0, -0.0, 1, 1 + 0x1p-8, 1 + 0x1p-7 + 0x1p-8, 1 + 0x1p-11, 1 + 0x1p-10 + 0x1p-11, -3.14159,
      65504, 65519, 65520, 1e6, 3.3e38, 0x1p-14, 0x1p-15, 0x1p-24, 0x1p-25, 0x1.8p-25, 6.1e-5,
      1e-30, .infinity, -.infinity, .nan,
    ]

  static func convert(_ x: TypedArray, to type: ik_dtype) -> TypedArray {
    var out = TypedArray(type, count: x.count)
    x.read { x0 in out.write { ik_convert(x0, x.type, $0, type, Int64(x.count)) } }
    return out
  }

  @Test(arguments: allTypes, allTypes) func conversion(from: UInt32, to: UInt32) {
    onEveryLevel { level in
      for n in testSizes {
        let special = Self.specials.prefix(n)
        let x = TypedArray(
          ik_dtype(from), special + randomArray(IK_F32, n - special.count, in: -70...70).values)
        let out = Self.convert(x, to: ik_dtype(to))
        // Exact: both round to nearest, ties to even.
        let expected = TypedArray(ik_dtype(to), x.values).values
        expectClose(out.values, expected, relative: 0, "\(level) \(from) to \(to), n \(n)")
      }
    }
  }

  @Test func conversionOfEveryHalf() {
    let halves = (0..<0x10000).map { Double(Float16(bitPattern: UInt16($0))) }
    let x = TypedArray(IK_F16, halves)
    onEveryLevel { level in
      let wide = Self.convert(x, to: IK_F32)
      expectClose(wide.values, halves, relative: 0, level)
      expectClose(Self.convert(wide, to: IK_F16).values, halves, relative: 0, level)
    }
  }

  @Test(arguments: allTypes) func fill(type: UInt32) {
    for n in testSizes {
      var out = TypedArray(ik_dtype(type), count: n)
      out.write { ik_fill($0, ik_dtype(type), 1.5, Int64(n)) }
      #expect(out.values == [Double](repeating: 1.5, count: n))
    }
  }

  static let operations: [(ik_binary_op, @Sendable (Double, Double) -> Double)] = [
    (IK_ADD, { $0 + $1 }), (IK_SUB, { $0 - $1 }), (IK_MUL, { $0 * $1 }), (IK_DIV, { $0 / $1 }),
    (IK_MAX, { $0.isNaN || $1.isNaN ? .nan : max($0, $1) }),
    (IK_MIN, { $0.isNaN || $1.isNaN ? .nan : min($0, $1) }),
  ]

  static func binary(
    _ op: ik_binary_op, _ shape: [Int], _ a: TypedArray, _ aStrides: [Int], _ b: TypedArray,
    _ bStrides: [Int]
  ) -> TypedArray {
    var out = TypedArray(a.type, count: shape.reduce(1, *))
    a.read { a0 in
      b.read { b0 in
        out.write {
          ik_binary(
            op, a.type, Int32(shape.count), shape.int64, a0, aStrides.int64, b0, bStrides.int64, $0)
        }
      }
    }
    return out
  }

  /// Shape, strides of a, strides of b.
  static let layouts: [([Int], [Int], [Int])] =
    testSizes.map { ([$0], [1], [1]) } + [
      ([], [], []),
      ([33], [1], [0]), ([33], [0], [1]), ([5], [0], [0]),
      ([2, 9, 33], [297, 33, 1], [0, 0, 1]),  // a vector along the last axis
      ([2, 9, 33], [0, 0, 1], [297, 33, 1]),
      ([2, 3, 5, 17], [255, 85, 17, 1], [17, 0, 0, 1]),  // [B, 1, 1, C]
      ([3, 4, 35], [140, 35, 1], [4, 1, 0]),  // [B, S, 1]
      ([4, 35], [1, 4], [35, 1]),  // a transposed
      ([2, 3, 2, 3, 2, 3], [108, 36, 18, 6, 3, 1], [0, 9, 0, 3, 0, 1]),
    ]

  @Test(arguments: activationTypes, layouts.indices)
  func binaryOverLayouts(type: UInt32, layout: Int) {
    let (shape, aStrides, bStrides) = Self.layouts[layout]
    let reach = { (strides: [Int]) in
      zip(shape, strides).reduce(1) { $0 + max(0, $1.0 - 1) * $1.1 }
    }
    let type = ik_dtype(type)
    var aValues = randomArray(type, reach(aStrides), seed: 3).values
    if aValues.count > 4 { aValues[3] = .nan }
    let a = TypedArray(type, aValues)
    let b = randomArray(type, reach(bStrides), seed: 4, in: 0.5...3)
    let bValues = b.values
    onEveryLevel { level in
      for (op, formula) in Self.operations {
        let out = Self.binary(op, shape, a, aStrides, b, bStrides)
        let expected = shape.allIndices.map {
          formula(aValues[$0.dot(aStrides)], bValues[$0.dot(bStrides)])
        }
        // One rounding; in bf16 a second one, of the float32 result.
        expectClose(
          out.values, expected, relative: 1.01 * roundingError(type), "\(level) \(op) \(shape)")
      }
    }
  }

  @Test func maximumPropagatesNaNOfEitherSide() {
    let a = TypedArray(IK_F32, [.nan, 1, .nan, -.infinity])
    let b = TypedArray(IK_F32, [1, .nan, .nan, .infinity])
    onEveryLevel { _ in
      for op in [IK_MAX, IK_MIN] {
        let out = Self.binary(op, [4], a, [1], b, [1]).values
        #expect(
          out.prefix(3).allSatisfy(\.isNaN) && out[3] == (op == IK_MAX ? .infinity : -.infinity))
      }
    }
  }

  @Test(arguments: activationTypes) func axpby(type: UInt32) {
    let type = ik_dtype(type)
    onEveryLevel { level in
      for n in testSizes {
        let (a, b) = (randomArray(type, n, seed: 1), randomArray(type, n, seed: 2))
        let expected = zip(a.values, b.values).map { 0.5 * $0 - 1.25 * $1 + 0.75 }
        let single = a.values.map { 0.5 * $0 + 0.75 }
        // The sum may cancel: three roundings of numbers below 5.
        let absolute = 3 * 5 * 0x1p-24
        var out = TypedArray(type, count: n)
        a.read { a0 in
          b.read { b0 in out.write { ik_axpby(type, Int64(n), 0.5, a0, -1.25, b0, 0.75, $0) } }

        }
        expectClose(
          out.values, expected, relative: roundingError(type), absolute: absolute, "\(level) \(n)")
        a.read { a0 in out.write { ik_axpby(type, Int64(n), 0.5, a0, 0, nil, 0.75, $0) } }
        expectClose(
          out.values, single, relative: roundingError(type), absolute: absolute, "\(level) \(n)")
        var inPlace = b
        a.read { a0 in inPlace.write { ik_axpby(type, Int64(n), 0.5, a0, -1.25, $0, 0.75, $0) } }
        expectClose(
          inPlace.values, expected, relative: roundingError(type), absolute: absolute,
          "\(level) in place")
      }
    }
  }

  @Test(arguments: activationTypes) func sameForAnyThreadCount(type: UInt32) {
    let type = ik_dtype(type)
    let a = randomArray(type, 200_003, seed: 1)
    let b = randomArray(type, 200_003, seed: 2)
    expectSameForAnyThreadCount("binary, axpby, convert") {
      var sum = TypedArray(type, count: a.count)
      a.read { a0 in
        b.read { b0 in sum.write { ik_axpby(type, 200_003, 0.3, a0, 0.7, b0, 0.1, $0) } }
      }
      return [
        sum, Self.binary(IK_MUL, [200_003], a, [1], b, [1]),
        Self.binary(IK_ADD, [666, 300], a, [300, 1], b, [0, 1]),
        Self.convert(a, to: type == IK_F32 ? IK_BF16 : IK_F32),
      ]
    }
  }
}
