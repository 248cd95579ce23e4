import SafeTensors
import TensorCore

extension ElementType {
  /// Whether elements are floating-point numbers: only those are converted.
  public var isFloat: Bool {
    switch self {
    case .F64, .F32, .F16, .BF16, .F8_E4M3, .F8_E5M2: true
    case .I64, .I32, .I16, .I8, .U8, .BOOL: false
    }
  }
}

extension RawTensor {
  /// The tensor in another float type, rounded to nearest; integers and tensors of that type are left as they are.
  public func converted(to dtype: DType) -> RawTensor {
    guard type.isFloat, type != dtype.elementType else { return self }
    return RawTensor(tensor().cast(to: dtype))
  }

  /// What a scan of all elements finds.
  public struct Contents: Sendable, Equatable {
    public var nans = 0
    public var infinities = 0
    /// Whether every element is zero.
    public var isZero = true
    /// Largest finite magnitude.
    public var largest: Float = 0

    public var isFinite: Bool { nans == 0 && infinities == 0 }
  }

  /// Looks at every element.
  public func scan() -> Contents {
    var contents = Contents()
    if count == 0 { contents.isZero = false }
    let values = tensor()
    // Some megabytes at a time, so that a tensor of any size is scanned in little memory.
    let flat = values.dtype == .i32 ? values : values.reshaped([count])
    guard flat.dtype != .i32 else {
      contents.isZero = count > 0 && flat.integers().allSatisfy { $0 == 0 }
      return contents
    }
    let piece = 1 << 20
    for start in stride(from: 0, to: count, by: piece) {
      contents.add(flat.slice(axis: 0, from: start, count: min(piece, count - start)).floats())
    }
    return contents
  }
}

extension RawTensor.Contents {
  mutating func add(_ values: [Float]) {
    values.withUnsafeBufferPointer { values in
      for value in values {
        let magnitude = value.magnitude
        if magnitude <= .greatestFiniteMagnitude {
          if magnitude > largest { largest = magnitude }
        } else if value.isNaN {
          nans += 1
        } else {
          infinities += 1
        }
      }
    }
    if largest > 0 || !isFinite { isZero = false }
  }
}
