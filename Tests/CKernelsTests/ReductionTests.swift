import CKernels
import Foundation
import Testing

@Suite struct ReductionTests {
  /// Shape, and which axes are summed.
  static let cases: [([Int], [UInt8])] =
    testSizes.map { ([$0], [1]) } + [
      ([], []), ([7], [0]), ([3, 5], [0, 0]), ([3, 5], [1, 1]),
      ([1003, 33], [1, 0]), ([300, 600], [1, 0]), ([5, 1], [1, 0]),  // to the last axis
      ([33, 1003], [0, 1]), ([70, 3], [0, 1]),
      ([3, 70, 33], [0, 1, 0]), ([3, 9, 1030], [0, 1, 0]),  // [B, S, C] to [B, C]
      ([4, 3, 5, 7], [1, 0, 1, 0]), ([4, 3, 5, 7], [0, 1, 0, 1]), ([4, 3, 5], [1, 0, 1]),
      ([2, 3, 2, 3, 2, 3], [1, 0, 1, 0, 1, 0]), ([2, 3, 2, 3, 2, 3], [0, 1, 1, 0, 0, 1]),
      ([0, 4], [1, 0]), ([4, 0], [1, 0]), ([2, 0, 3], [0, 1, 0]),
      ([200_000], [1]), ([9000, 10], [1, 0]),
    ]

  static func sum(
    _ x: TypedArray, _ shape: [Int], _ reduced: [UInt8], scale: Float, to type: ik_dtype
  ) -> TypedArray {
    let kept = zip(shape, reduced).reduce(1) { $1.1 == 0 ? $0 * $1.0 : $0 }
    var out = TypedArray(type, count: kept)
    x.read { x0 in
      out.write {
        ik_reduce_sum(x.type, Int32(shape.count), shape.int64, reduced, x0, scale, type, $0)
      }
    }
    return out
  }

  @Test(arguments: activationTypes, cases.indices) func sums(type: UInt32, index: Int) {
    let (shape, reduced) = Self.cases[index]
    let count = shape.reduce(1, *)
    // Numbers far from zero: a naive float32 sum would lose digits.
    let x = randomArray(ik_dtype(type), count, in: 90...110)
    let xs = x.values
    var outShape: [Int] = []
    for (size, r) in zip(shape, reduced) where r == 0 { outShape.append(size) }
    let steps = outShape.contiguousStrides
    var strides: [Int] = []
    for r in reduced { strides.append(r == 0 ? steps[strides.count { $0 >= 0 }] : -1) }
    var expected = [Double](repeating: 0, count: outShape.reduce(1, *))
    for (i, at) in shape.allIndices.enumerated() where count > 0 {
      expected[zip(at, strides).reduce(0) { $1.1 < 0 ? $0 : $0 + $1.0 * $1.1 }] += xs[i] * 0.125
    }
    onEveryLevel { level in
      for to in [IK_F32, IK_BF16] {
        // Float32 blocks are short and of one sign: their error stays far below 100 roundings.
        expectClose(
          Self.sum(x, shape, reduced, scale: 0.125, to: to).values, expected,
          relative: 2e-6 + 1.01 * roundingError(to), "\(level) \(shape) \(reduced)")
      }
    }
  }

  @Test(arguments: activationTypes, testSizes + [70_000]) func sumOfSquares(type: UInt32, n: Int) {
    let x = randomArray(ik_dtype(type), n)
    let expected = x.values.reduce(0) { $0 + $1 * $1 }
    onEveryLevel { level in
      let sum = x.read { ik_sum_squares(x.type, Int64(n), $0) }
      expectClose([sum], [expected], relative: 1e-6, level)
    }
  }

  @Test(arguments: [IK_F32, IK_BF16, IK_F16].map(\.rawValue), testSizes + [300_000])
  func firstNonfinite(type: UInt32, n: Int) {
    let largest = type == IK_F16.rawValue ? 65504 : 3.3e38
    let finite = (0..<n).map { $0 % 3 == 0 ? -largest : 1 }
    let find = { (values: [Double]) -> Int64 in
      let x = TypedArray(ik_dtype(type), values)
      return x.read { ik_first_nonfinite(x.type, Int64(n), $0) }
    }
    onEveryLevel { level in
      #expect(find(finite) == -1, "\(level)")
      for at in Set([0, 1, n / 2, n - 2, n - 1]) where (0..<n).contains(at) {
        for bad in [Double.nan, .infinity, -.infinity] {
          var values = finite
          values[at] = bad
          values[n - 1] = .nan
          #expect(find(values) == Int64(at), "\(level) \(bad)")
        }
      }
    }
  }

  static func softmax(_ x: TypedArray, columns: Int) -> TypedArray {
    var y = TypedArray(x.type, count: x.count)
    let rows = Int64(columns == 0 ? 0 : x.count / columns)
    x.read { x0 in y.write { ik_softmax(x.type, rows, Int64(columns), x0, $0) } }
    return y
  }

  @Test(arguments: activationTypes, testSizes) func softmaxAndGradient(type: UInt32, columns: Int) {
    let type = ik_dtype(type)
    let rows = 3
    var values = randomArray(type, rows * columns, in: -10...10).values
    if columns > 2 { values[1] = -.infinity }
    let x = TypedArray(type, values)
    let dy = randomArray(type, rows * columns, seed: 2)
    var y: [Double] = []
    for r in 0..<rows {
      let row = values[r * columns..<(r + 1) * columns]
      let top = row.max() ?? 0
      let total = row.reduce(0) { $0 + exp($1 - top) }
      y += row.map { exp($0 - top) / total }
    }
    onEveryLevel { level in
      // e^x with |x| <= 20 has the relative error 20 * 2^-24.
      let relative = 4e-6 + 1.01 * roundingError(type)
      expectClose(Self.softmax(x, columns: columns).values, y, relative: relative, level)
      let rounded = TypedArray(type, y)
      let ys = rounded.values
      let dys = dy.values
      let expected = (0..<rows).flatMap { r -> [Double] in
        let range = r * columns..<(r + 1) * columns
        let dot = range.reduce(0) { $0 + ys[$1] * dys[$1] }
        return range.map { ys[$0] * (dys[$0] - dot) }
      }
      var dx = TypedArray(type, count: x.count)
      rounded.read { y0 in
        dy.read { d in
          dx.write { ik_softmax_backward(type, Int64(rows), Int64(columns), y0, d, $0) }
        }
      }
      // The difference cancels; a weighted mean of numbers below 2 is good to 1e-6.
      expectClose(dx.values, expected, relative: relative, absolute: 1e-6, "\(level) gradient")
    }
  }

  @Test func softmaxPropagatesNaN() {
    onEveryLevel { level in
      var values = [Double](repeating: 1, count: 66)
      values[5] = .nan
      let y = Self.softmax(TypedArray(IK_F32, values), columns: 33).values
      #expect(
        y.prefix(33).allSatisfy(\.isNaN) && y.suffix(33).allSatisfy { $0 == y[33] }, "\(level)")
    }
  }

  @Test(arguments: activationTypes) func sameForAnyThreadCount(type: UInt32) {
    let x = randomArray(ik_dtype(type), 240_000)
    expectSameForAnyThreadCount("sums, softmax") {
      let squares = x.read { ik_sum_squares(x.type, Int64(x.count), $0) }
      return [
        Self.sum(x, [240_000], [1], scale: 1, to: IK_F32),
        Self.sum(x, [2400, 100], [1, 0], scale: 1, to: IK_F32),
        Self.sum(x, [100, 2400], [0, 1], scale: 1, to: IK_F32),
        Self.sum(x, [10, 240, 100], [0, 1, 0], scale: 1, to: IK_F32),
        Self.softmax(x, columns: 100),
        TypedArray(IK_F32, [squares, squares - Double(Float(squares))]),
      ]
    }
  }
}
