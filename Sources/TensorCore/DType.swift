/// Element types of tensors. `f32` and `bf16` compute; `f16` only stores weights; `i32` indexes.
public enum DType: Int32, Sendable, CaseIterable, Hashable {
  case f32 = 0
  case bf16 = 1
  case f16 = 2
  case i32 = 3

  /// Bytes of one element.
  public var byteSize: Int {
    switch self {
    case .f32, .i32: 4
    case .bf16, .f16: 2
    }
  }
}
