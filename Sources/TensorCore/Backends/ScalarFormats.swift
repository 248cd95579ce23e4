// Conversions of single values between float32 and the 16-bit formats, for code that is not in a hurry.

extension Float {
  /// The value of a bfloat16: the upper half of a float32.
  init(bfloat16Bits bits: UInt16) { self.init(bitPattern: UInt32(bits) << 16) }

  /// The nearest bfloat16, ties to even; NaN stays NaN.
  var bfloat16Bits: UInt16 {
    // Rounding could carry a NaN's payload into infinity, so it is cut off and made quiet instead.
    if isNaN { return UInt16(truncatingIfNeeded: bitPattern >> 16) | 0x40 }
    let isOdd = (bitPattern >> 16) & 1
    return UInt16(truncatingIfNeeded: (bitPattern &+ 0x7FFF &+ isOdd) >> 16)
  }

  /// The value of an IEEE 754 binary16.
  init(float16Bits bits: UInt16) { self.init(Float16(bitPattern: bits)) }

  /// The nearest binary16, ties to even; overflow gives infinity.
  var float16Bits: UInt16 { Float16(self).bitPattern }
}
