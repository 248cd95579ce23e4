import CKernels
import COneDNN
import Foundation
import Testing

/// Element types by name, so that test arguments read well.
enum Kind: String, CaseIterable, Sendable, CustomStringConvertible {
  case f32, bf16, f16
  static let computed: [Kind] = [.f32, .bf16]

  var type: ik_dtype {
    switch self {
    case .f32: IK_F32
    case .bf16: IK_BF16
    case .f16: IK_F16
    }
  }
  var bytes: Int { self == .f32 ? 4 : 2 }
  /// Half the distance from 1 to the next number.
  var epsilon: Double {
    switch self {
    case .f32: 0x1p-24
    case .bf16: 0x1p-9
    case .f16: 0x1p-11
    }
  }
  var description: String { rawValue }
}

/// An aligned array of one of the types, with guard bytes behind it that must survive.
final class Elements {
  let kind: Kind
  let count: Int
  let raw: UnsafeMutableRawPointer
  private static let guardBytes = 64

  init(_ kind: Kind, count: Int) {
    (self.kind, self.count) = (kind, count)
    let bytes = count * kind.bytes
    raw = .allocate(byteCount: bytes + Self.guardBytes, alignment: 64)
    // NaN in every type: what is not written shows.
    memset(raw, 0xff, bytes)
    memset(raw + bytes, 0x5a, Self.guardBytes)
  }

  /// Values rounded to the type.
  convenience init(_ kind: Kind, _ values: [Float]) {
    self.init(kind, count: values.count)
    for (index, value) in values.enumerated() {
      switch kind {
      case .f32: raw.storeBytes(of: value, toByteOffset: index * 4, as: Float.self)
      case .bf16:
        let bits = value.bitPattern
        let rounded = UInt16(truncatingIfNeeded: (bits &+ 0x7fff &+ ((bits >> 16) & 1)) >> 16)
        raw.storeBytes(of: rounded, toByteOffset: index * 2, as: UInt16.self)
      case .f16:
        raw.storeBytes(of: Self.half(value), toByteOffset: index * 2, as: UInt16.self)
      }
    }
  }

  deinit {
    let end = raw + count * kind.bytes
    for offset in 0..<Self.guardBytes where end.load(fromByteOffset: offset, as: UInt8.self) != 0x5a {
      Issue.record("written behind the end of an array of \(count) \(kind)")
      break
    }
    raw.deallocate()
  }

  var values: [Float] {
    (0..<count).map { index in
      switch kind {
      case .f32: raw.load(fromByteOffset: index * 4, as: Float.self)
      case .bf16:
        Float(bitPattern: UInt32(raw.load(fromByteOffset: index * 2, as: UInt16.self)) << 16)
      case .f16: Self.float(raw.load(fromByteOffset: index * 2, as: UInt16.self))
      }
    }
  }
  var doubles: [Double] { values.map(Double.init) }
  var bits: Data { Data(bytes: raw, count: count * kind.bytes) }

  /// Nearest half, for normal numbers and those below them.
  static func half(_ value: Float) -> UInt16 {
    let sign: UInt16 = value.sign == .minus ? 0x8000 : 0
    let magnitude = abs(value)
    if magnitude >= 65520 { return sign | 0x7c00 }
    if magnitude < 0x1p-14 { return sign | UInt16((magnitude * 0x1p24).rounded(.toNearestOrEven)) }
    let bits = magnitude.bitPattern
    return sign | UInt16((bits - (112 << 23) + 0xfff + ((bits >> 13) & 1)) >> 13)
  }
  static func float(_ half: UInt16) -> Float {
    let magnitude = half & 0x7fff
    let value =
      magnitude >= 0x7c00
      ? Float.infinity : Float(bitPattern: UInt32(magnitude) << 13) * 0x1p112
    return half & 0x8000 == 0 ? value : -value
  }
}

/// Deterministic values in [-1, 1) (SplitMix64).
struct Values {
  private var state: UInt64
  init(_ seed: UInt64) { state = seed }
  mutating func next() -> Float {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return Float((z ^ (z >> 31)) >> 40) * 0x1p-23 - 1
  }
  mutating func array(_ kind: Kind, _ count: Int) -> Elements {
    Elements(kind, (0..<count).map { _ in next() })
  }
}

/// Compares sums of `terms` products of values in [-1, 1) with their exact values.
///
/// The sums are of size √(K/9); each of K additions rounds to ε of that, so that errors grow like ε √K times the
/// size; 8 of that leaves room for other orders. Then the result is rounded to its type, and values that went
/// through it twice have two roundings.
func expectSums(
  _ actual: Elements, _ expected: [Double], terms: Int, extra: Double = 0, _ what: String,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let size = max(1, (Double(terms) / 9).squareRoot())
  let accumulation = 8 * Kind.f32.epsilon * Double(terms).squareRoot() * size
  var worst = (index: -1, excess: 0.0)
  guard actual.count == expected.count else {
    Issue.record("\(what): \(actual.count) values, expected \(expected.count)")
    return
  }
  for (index, (a, e)) in zip(actual.values, expected).enumerated() {
    let bound = accumulation + 2 * actual.kind.epsilon * abs(e) + extra
    let error = abs(Double(a) - e)
    let excess = error.isFinite ? error / bound : .infinity
    if excess > max(1, worst.excess) { worst = (index, excess) }
  }
  if worst.index >= 0 {
    let (a, e) = (actual.values[worst.index], expected[worst.index])
    Issue.record(
      "\(what): at \(worst.index) \(a), expected \(e), \(worst.excess) times the bound",
      sourceLocation: sourceLocation)
  }
}

/// The message of the last failure.
var lastError: String { String(cString: idnn_error()) }

/// What the calling thread asks for from now on is cut for so many threads; 0 ends that.
func holdThreads(_ count: Int32) { _ = ik_hold_threads(count) }
