import SafeTensors
import TensorCore

extension RawTensor {
  /// The elements as a tensor of the engine.
  ///
  /// Types the engine stores stay where they are, in the mapped file; 8-bit floats become float16, which holds
  /// each of their values; 64-bit and other integer types become float32.
  public func tensor() -> Tensor {
    switch type {
    case .F32: mapped(.f32)
    case .F16: mapped(.f16)
    case .BF16: mapped(.bf16)
    case .I32: mapped(.i32)
    case .F64: widened(Double.self) { Float($0) }
    case .I64: widened(Int64.self) { Float($0) }
    case .I16: widened(Int16.self) { Float($0) }
    case .I8: widened(Int8.self) { Float($0) }
    case .U8, .BOOL: widened(UInt8.self) { Float($0) }
    case .F8_E4M3: halves(EightBitFloat.e4m3).mapped(.f16)
    case .F8_E5M2: halves(EightBitFloat.e5m2).mapped(.f16)
    }
  }

  /// The only element as a number, whatever its type: an alpha is stored as any. Nil for several, for none that is
  /// finite, and for a truth value.
  public var number: Float? {
    guard count == 1, type != .BOOL else { return nil }
    let value: Float =
      type == .I32 ? withBytes { Float(Int32(littleEndian: $0.loadUnaligned(as: Int32.self))) } : tensor().scalar
    return value.isFinite ? value : nil
  }

  private func mapped(_ dtype: DType) -> Tensor {
    withBytes { bytes in
      guard let base = bytes.baseAddress else { return .zeros(shape, dtype: dtype) }
      return Tensor(mapped: base, shape: shape, dtype: dtype, owner: owner)
    }
  }

  private func widened<T>(_ type: T.Type, _ convert: (T) -> Float) -> Tensor {
    withBytes { bytes in
      Tensor(shape: shape) { out in
        for i in out.indices {
          out[i] = convert(bytes.loadUnaligned(fromByteOffset: i * MemoryLayout<T>.size, as: T.self))
        }
      }
    }
  }

  private func halves(_ table: [UInt16]) -> RawTensor {
    let buffer = ByteBuffer(count: count * 2)
    let out = buffer.mutableBytes.bindMemory(to: UInt16.self)
    withBytes { bytes in
      for i in 0..<bytes.count { out[i] = table[Int(bytes[i])].littleEndian }
    }
    return RawTensor(type: .F16, shape: shape, buffer: buffer)
  }
}

/// 8-bit floats (Micikevicius et al. 2022) as the float16 bits of the same values, by byte.
enum EightBitFloat {
  /// Sign, 5 bits of exponent, 2 of fraction: the upper byte of a float16.
  static let e5m2: [UInt16] = (0..<256).map { UInt16($0) << 8 }

  /// Sign, 4 bits of exponent (bias 7), 3 of fraction; no infinities, all ones is NaN.
  static let e4m3: [UInt16] = (0..<256).map { byte in
    let (sign, exponent, fraction) = (UInt16(byte & 0x80) << 8, byte >> 3 & 15, byte & 7)
    if byte & 0x7f == 0x7f { return sign | 0x7e00 }
    if exponent > 0 { return sign | UInt16(exponent + 8) << 10 | UInt16(fraction) << 7 }
    // A subnormal, fraction · 2⁻⁹, is a normal float16: shift its leading one out.
    guard fraction > 0 else { return sign }
    let leading = fraction >= 4 ? 2 : fraction >= 2 ? 1 : 0
    return sign | UInt16(leading + 6) << 10 | UInt16(fraction << (10 - leading) & 0x3ff)
  }
}
