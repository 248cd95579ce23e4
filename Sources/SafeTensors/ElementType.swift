/// Element types of the safetensors format, by their names in files.
public enum ElementType: String, CaseIterable, Sendable {
  // The format's own names.
  // swift-format-ignore: AlwaysUseLowerCamelCase
  case F64, F32, F16, BF16, I64, I32, I16, I8, U8, BOOL, F8_E4M3, F8_E5M2

  /// Bytes of one element.
  public var byteSize: Int {
    switch self {
    case .F64, .I64: 8
    case .F32, .I32: 4
    case .F16, .BF16, .I16: 2
    case .I8, .U8, .BOOL, .F8_E4M3, .F8_E5M2: 1
    }
  }

  /// Bytes of a tensor of this shape, or nil if a dimension is negative or the product overflows.
  ///
  /// A dimension of 0 does not excuse the others: whoever multiplies some of them must not overflow either.
  public func byteCount(shape: [Int]) -> Int? {
    var bytes = byteSize
    for dimension in shape {
      let (product, overflow) = bytes.multipliedReportingOverflow(by: max(dimension, 1))
      guard dimension >= 0, !overflow else { return nil }
      bytes = product
    }
    return shape.contains(0) ? 0 : bytes
  }
}
