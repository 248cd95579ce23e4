import CKernels
import Foundation
import Testing

/// Elements of an `ik_dtype` at an odd address, with guards on both sides.
struct TypedArray: Equatable {
  let type: ik_dtype
  let count: Int
  private(set) var bytes: [UInt8]

  private static let front = 1
  private static let back = 64
  private static let guardByte: UInt8 = 0xa5
  static func size(_ type: ik_dtype) -> Int { type == IK_F32 ? 4 : 2 }

  /// Uninitialised on purpose: every element is NaN until a kernel writes it.
  init(_ type: ik_dtype, count: Int) {
    self.init(type, [Double](repeating: .nan, count: count))
  }

  init(_ type: ik_dtype, _ values: [Double]) {
    self.type = type
    count = values.count
    bytes = [UInt8](repeating: Self.guardByte, count: Self.front)
    for value in values {
      switch type {
      case IK_F32: withUnsafeBytes(of: Float(value)) { bytes.append(contentsOf: $0) }
      case IK_BF16:
        withUnsafeBytes(of: Self.bf16Bits(Float(value))) { bytes.append(contentsOf: $0) }
      default: withUnsafeBytes(of: Float16(Float(value))) { bytes.append(contentsOf: $0) }
      }
    }
    bytes += [UInt8](repeating: Self.guardByte, count: Self.back)
  }

  /// Nearest, ties to even, NaN kept.
  static func bf16Bits(_ value: Float) -> UInt16 {
    if value.isNaN { return 0x7fc0 }
    let bits = value.bitPattern
    return UInt16(truncatingIfNeeded: (bits + 0x7fff + ((bits >> 16) & 1)) >> 16)
  }

  var values: [Double] {
    bytes.withUnsafeBytes { raw in
      (0..<count).map { i in
        let at = Self.front + i * Self.size(type)
        switch type {
        case IK_F32: return Double(raw.loadUnaligned(fromByteOffset: at, as: Float.self))
        case IK_BF16:
          let bits = raw.loadUnaligned(fromByteOffset: at, as: UInt16.self)
          return Double(Float(bitPattern: UInt32(bits) << 16))
        default: return Double(raw.loadUnaligned(fromByteOffset: at, as: Float16.self))
        }
      }
    }
  }

  func read<R>(_ body: (UnsafeRawPointer) -> R) -> R {
    bytes.withUnsafeBytes { raw in body(raw.baseAddress.unsafelyUnwrapped + Self.front) }
  }

  /// Lets a kernel write, then checks that it stayed inside.
  mutating func write(_ body: (UnsafeMutableRawPointer) -> Void) {
    bytes.withUnsafeMutableBytes { raw in
      body(raw.baseAddress.unsafelyUnwrapped + Self.front)
    }
    let intact =
      bytes.prefix(Self.front).allSatisfy { $0 == Self.guardByte }
      && bytes.suffix(Self.back).allSatisfy { $0 == Self.guardByte }
    #expect(intact, "wrote outside the array")
  }
}

/// Sizes around every vector length, and one with full vectors, pairs of vectors and a tail.
let testSizes = [0, 1, 7, 8, 9, 15, 16, 17, 31, 33, 64, 1003]

/// The element types that every kernel takes.
let activationTypes = [IK_F32.rawValue, IK_BF16.rawValue]

/// Half the distance of neighbouring values, relative: the error of one rounding to the type.
func roundingError(_ type: ik_dtype) -> Double {
  type == IK_F32 ? 0x1p-24 : type == IK_BF16 ? 0x1p-8 : 0x1p-11
}

/// Runs the body on every instruction set the processor has.
func onEveryLevel(_ body: (_ level: String) -> Void) {
  let best = ik_isa_level()
  defer { ik_force_isa_level(best) }
  for level in 0...best {
    ik_force_isa_level(level)
    body(String(cString: ik_isa()))
  }
}

/// Requires the same bits from one, two and three threads, whichever is slow, on every instruction set.
func expectSameForAnyThreadCount(_ name: String, _ run: () -> [TypedArray]) {
  defer { _ = ik_hold_threads(0) }
  onEveryLevel { level in
    _ = ik_hold_threads(1)
    let one = run()
    for (threads, slow) in [(2, -1), (2, 0), (3, 1), (3, -1)] {
      _ = ik_hold_threads(Int32(threads))
      ik_delay(Int32(slow), 100)
      #expect(run() == one, "\(name), \(level): \(threads) threads, slow \(slow), differ from one")
    }
    ik_delay(-1, 0)
  }
}

/// Requires `|actual - expected| <= absolute + relative * |expected|`; NaN and infinity must match.
func expectClose(
  _ actual: [Double], _ expected: [Double], relative: Double, absolute: Double = 0,
  _ label: @autoclosure () -> String, sourceLocation: SourceLocation = #_sourceLocation
) {
  guard actual.count == expected.count else {
    Issue.record("\(label()): \(actual.count) values", sourceLocation: sourceLocation)
    return
  }
  var worst = (index: -1, excess: 1.0)
  for (i, (a, e)) in zip(actual, expected).enumerated() {
    if a == e || (a.isNaN && e.isNaN) { continue }
    let excess = abs(a - e) / (absolute + relative * abs(e))
    if !(excess <= worst.excess) { worst = (i, excess.isNaN ? .infinity : excess) }
  }
  if worst.index >= 0 {
    Issue.record(
      """
      \(label()): [\(worst.index)] is \(actual[worst.index]), expected \(expected[worst.index]), \
      \(worst.excess) times the tolerance
      """, sourceLocation: sourceLocation)
  }
}

/// Reproducible numbers, uniform in `range`, rounded to the type.
func randomArray(
  _ type: ik_dtype, _ count: Int, seed: UInt64 = 1, in range: ClosedRange<Double> = -2...2
) -> TypedArray {
  var state = seed &* 0x9e37_79b9_7f4a_7c15 | 1
  return TypedArray(
    type,
    (0..<count).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let unit = Double(state >> 11) / 0x1p53
      return range.lowerBound + unit * (range.upperBound - range.lowerBound)
    })
}

/// Reproducible small integers, all exact in bf16.
func randomIntegers(_ type: ik_dtype, _ count: Int, seed: UInt64 = 1) -> TypedArray {
  TypedArray(type, randomArray(IK_F32, count, seed: seed, in: -8...8).values.map { $0.rounded() })
}

extension [Int] {
  /// As the C functions take shapes and strides.
  var int64: [Int64] { map(Int64.init) }
  /// Row-major strides of this shape.
  var contiguousStrides: [Int] {
    var strides = [Int](repeating: 1, count: count)
    for d in indices.dropLast().reversed() { strides[d] = strides[d + 1] * self[d + 1] }
    return strides
  }
  /// Every index of this shape, in row-major order.
  var allIndices: [[Int]] {
    reduce([[]]) { partial, size in partial.flatMap { head in (0..<size).map { head + [$0] } } }
  }
  func dot(_ other: [Int]) -> Int { zip(self, other).reduce(0) { $0 + $1.0 * $1.1 } }
}
