// swift-format-ignore: AlwaysUseLowerCamelCase
/// Element types of the safetensors format. Cases are spelled as in files, so that one name serves both.
public enum ElementType: String, CaseIterable, Sendable {
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
}
