import SafeTensors

/// Element types of GGUF files that this reader takes. Source: ggml project, include/ggml.h and src/ggml-quants.c.
///
/// The quantised ones pack 32 elements to a block: a float16 scale, in the `_1` types a float16 minimum, and the
/// elements' integers; the fifth bits of `Q5` stand together in 32 bits before the other four.
enum GGMLType: UInt32, CaseIterable, Sendable {
  case f32 = 0
  case f16 = 1
  case q40 = 2
  case q41 = 3
  case q50 = 6
  case q51 = 7
  case q80 = 8
  case i8 = 24
  case i16 = 25
  case i32 = 26
  case i64 = 27
  case f64 = 28
  case bf16 = 30

  /// The format's own name.
  var name: String {
    switch self {
    case .f32: "F32"
    case .f16: "F16"
    case .bf16: "BF16"
    case .f64: "F64"
    case .i8: "I8"
    case .i16: "I16"
    case .i32: "I32"
    case .i64: "I64"
    case .q40: "Q4_0"
    case .q41: "Q4_1"
    case .q50: "Q5_0"
    case .q51: "Q5_1"
    case .q80: "Q8_0"
    }
  }

  /// Types that are refused, by name.
  static let otherNames: [UInt32: String] = [
    9: "Q8_1", 10: "Q2_K", 11: "Q3_K", 12: "Q4_K", 13: "Q5_K", 14: "Q6_K", 15: "Q8_K", 16: "IQ2_XXS",
    17: "IQ2_XS", 18: "IQ3_XXS", 19: "IQ1_S", 20: "IQ4_NL", 21: "IQ3_S", 22: "IQ2_S", 23: "IQ4_XS",
    29: "IQ1_M", 34: "TQ1_0", 35: "TQ2_0",
    39: "MXFP4",
  ]

  static let blockLength = 32

  /// The same type in safetensors files; nil if the elements are packed.
  var elementType: ElementType? {
    switch self {
    case .f32: .F32
    case .f16: .F16
    case .bf16: .BF16
    case .f64: .F64
    case .i8: .I8
    case .i16: .I16
    case .i32: .I32
    case .i64: .I64
    case .q40, .q41, .q50, .q51, .q80: nil
    }
  }

  private var blockBytes: Int {
    switch self {
    case .f32, .f16, .bf16, .f64, .i8, .i16, .i32, .i64: (elementType?.byteSize ?? 0) * Self.blockLength
    case .q40: 18
    case .q41: 20
    case .q50: 22
    case .q51: 24
    case .q80: 34
    }
  }

  /// Bytes of a tensor, or nil if there can be none of that shape: rows are whole blocks.
  func byteCount(shape: [Int]) -> Int? {
    if let elementType { return elementType.byteCount(shape: shape) }
    guard let row = shape.last, row % Self.blockLength == 0, let bytes = ElementType.U8.byteCount(shape: shape)
    else { return nil }
    let (product, overflow) = (bytes / Self.blockLength).multipliedReportingOverflow(by: blockBytes)
    return overflow ? nil : product
  }

  /// Unpacks `count` elements of a quantised type.
  func unpack(_ start: UnsafeRawPointer, count: Int, to out: UnsafeMutableBufferPointer<Float>) {
    for block in 0..<(count / Self.blockLength) {
      let bytes = start + block * blockBytes
      let values = UnsafeMutableBufferPointer(rebasing: out[(block * Self.blockLength)...].prefix(Self.blockLength))
      let scale = Self.half(bytes)
      switch self {
      case .f32, .f16, .bf16, .f64, .i8, .i16, .i32, .i64: preconditionFailure("unpack: \(name) is not packed")
      case .q80:
        for i in 0..<32 { values[i] = Float((bytes + 2).load(fromByteOffset: i, as: Int8.self)) * scale }
      case .q40: Self.nibbles(bytes + 2, high: 0, values) { Float($0 - 8) * scale }
      case .q41:
        let minimum = Self.half(bytes + 2)
        Self.nibbles(bytes + 4, high: 0, values) { Float($0) * scale + minimum }
      case .q50: Self.nibbles(bytes + 6, high: Self.bits(bytes + 2), values) { Float($0 - 16) * scale }
      case .q51:
        let minimum = Self.half(bytes + 2)
        Self.nibbles(bytes + 8, high: Self.bits(bytes + 4), values) { Float($0) * scale + minimum }
      }
    }
  }

  private static func half(_ pointer: UnsafeRawPointer) -> Float {
    Float(Float16(bitPattern: UInt16(littleEndian: pointer.loadUnaligned(as: UInt16.self))))
  }

  private static func bits(_ pointer: UnsafeRawPointer) -> UInt32 {
    UInt32(littleEndian: pointer.loadUnaligned(as: UInt32.self))
  }

  /// 16 bytes of two elements each: the lower halves are elements 0 to 15, the upper ones 16 to 31.
  private static func nibbles(
    _ bytes: UnsafeRawPointer, high: UInt32, _ out: UnsafeMutableBufferPointer<Float>, _ value: (Int) -> Float
  ) {
    for i in 0..<16 {
      let byte = Int(bytes.load(fromByteOffset: i, as: UInt8.self))
      out[i] = value(byte & 15 | Int(high >> i & 1) << 4)
      out[i + 16] = value(byte >> 4 | Int(high >> (i + 16) & 1) << 4)
    }
  }
}
