/// Every kernel as the plainest loop that is right: the oracle the fast devices are tested against.
///
/// Values are float32, sums and scalar functions are evaluated in float64 and rounded once; bfloat16 results are
/// rounded to nearest even. Nothing here is shared with the other devices, so an error in a helper cannot hide.
struct ReferenceKernels: Kernels {
  var summary: String { "reference (naive loops, float32)" }
  var matrixDescription: String { "naive loops" }
  var unavailableReason: String? { nil }
  var computesInt8: Bool { false }
  var noInt8Reason: String? { nil }

  func fill(_ value: Float, shape: [Int], dtype: DType, device: Device) -> Tensor {
    let count = shape.reduce(1, *)
    guard dtype == .i32 else {
      return Tensor(
        rounding: Array(repeating: value, count: count), shape: shape, dtype: dtype, device: device)
    }
    return Tensor(Array(repeating: Int32(value), count: count), shape: shape, device: device)
  }

  func convert(_ x: Tensor, to dtype: DType) -> Tensor {
    precondition(x.dtype != .i32 && dtype != .i32, "conversion of \(x.dtype) to \(dtype)")
    return Tensor(rounding: x.values, shape: x.shape, dtype: dtype, device: x.device)
  }
}

extension Tensor {
  /// All elements as float32, converted one by one.
  var values: [Float] {
    switch dtype {
    case .f32: Array(UnsafeBufferPointer(start: pointer(as: Float.self), count: count))
    case .bf16: halves.map { Float(bfloat16Bits: $0) }
    case .f16: halves.map { Float(float16Bits: $0) }
    case .i32: integers().map { Float($0) }
    }
  }

  private var halves: UnsafeBufferPointer<UInt16> {
    UnsafeBufferPointer(start: pointer(as: UInt16.self), count: count)
  }

  /// A tensor of the given float type holding `values`, rounded.
  init(rounding values: [Float], shape: [Int], dtype: DType, device: Device) {
    precondition(
      values.count == shape.reduce(1, *) && dtype != .i32,
      "\(values.count) values for \(shape) \(dtype)")
    self.init(uninitialized: shape, dtype, device: device)
    for (i, value) in values.enumerated() {
      switch dtype {
      case .f32: pointer(as: Float.self)[i] = value
      case .bf16: pointer(as: UInt16.self)[i] = value.bfloat16Bits
      case .f16: pointer(as: UInt16.self)[i] = value.float16Bits
      case .i32: preconditionFailure("float values for an index tensor")
      }
    }
  }

  /// A tensor on the same device, of the same type and shape unless told otherwise, holding `values`.
  func holding(_ values: [Float], shape: [Int]? = nil, dtype: DType? = nil) -> Tensor {
    Tensor(rounding: values, shape: shape ?? self.shape, dtype: dtype ?? self.dtype, device: device)
  }
}

/// Row-major strides, in elements, of a contiguous array.
func contiguousStrides(_ shape: [Int]) -> [Int] {
  var strides = shape
  var step = 1
  for axis in shape.indices.reversed() {
    strides[axis] = step
    step *= shape[axis]
  }
  return strides
}

/// Where each element of an array of `shape` lies in memory read with `strides`, in row-major order.
func offsets(_ shape: [Int], strides: [Int]) -> [Int] {
  let own = contiguousStrides(shape)
  return (0..<shape.reduce(1, *)).map { position in
    shape.indices.reduce(0) { $0 + position / own[$1] % shape[$1] * strides[$1] }
  }
}

/// Offsets that read an array of shape `source` as if it had been broadcast to `target`.
func broadcastOffsets(_ source: [Int], to target: [Int]) -> [Int] {
  let padding = Array(repeating: 0, count: target.count - source.count)
  let strides = zip(source, contiguousStrides(source)).map { $0 == 1 ? 0 : $1 }
  return offsets(target, strides: padding + strides)
}
