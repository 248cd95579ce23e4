import CKernels
import Synchronization

/// Our own vector kernels for everything but matrix products and convolutions, which `matrix` does.
struct CPUKernels: Kernels {
  let matrix: any MatrixKernels

  var matrixDescription: String { matrix.matrixDescription }
  var unavailableReason: String? { matrix.unavailableReason }
  var computesInt8: Bool { matrix.computesInt8 }
  var noInt8Reason: String? { matrix.noInt8Reason }

  var summary: String {
    let isa = String(cString: ik_isa())
    return "\(matrix.matrixDescription), \(isa), \(ik_threads()) thread\(ik_threads() == 1 ? "" : "s")"
  }

  func fill(_ value: Float, shape: [Int], dtype: DType, device: Device) -> Tensor {
    let out = Tensor(uninitialized: shape, dtype, device: device)
    if dtype == .i32 {
      out.pointer(as: Int32.self).update(repeating: Int32(value), count: out.count)
    } else {
      ik_fill(out.raw, dtype.c, value, Int64(out.count))
    }
    return out
  }

  func convert(_ x: Tensor, to dtype: DType) -> Tensor {
    precondition(x.dtype != .i32 && dtype != .i32, "conversion of \(x.dtype) to \(dtype)")
    let out = x.like(dtype: dtype)
    ik_convert(x.raw, x.dtype.c, out.raw, dtype.c, Int64(x.count))
    return out
  }

  func binary(_ op: BinaryOp, _ a: Tensor, _ b: Tensor, shape: [Int]) -> Tensor {
    let out = a.like(shape)
    // Tensors of more than six axes do not occur; the kernel's limit is checked here once.
    precondition(shape.count <= 6, "element-wise operation of rank \(shape.count)")
    let dims = shape.isEmpty ? [1] : shape
    ik_binary(
      ik_binary_op(op.rawValue), a.dtype.c, Int32(dims.count), dims.c, a.raw,
      broadcastStrides(a.shape, to: dims), b.raw, broadcastStrides(b.shape, to: dims), out.raw)
    return out
  }

  func axpby(_ alpha: Float, _ a: Tensor, _ beta: Float, _ b: Tensor?, _ gamma: Float) -> Tensor {
    let out = a.like()
    ik_axpby(a.dtype.c, Int64(a.count), alpha, a.raw, beta, b?.raw, gamma, out.raw)
    return out
  }

  func unary(_ op: UnaryOp, _ x: Tensor, _ p0: Float, _ p1: Float) -> Tensor {
    let out = x.like()
    ik_unary(ik_unary_op(op.rawValue), x.dtype.c, Int64(x.count), x.raw, p0, p1, out.raw)
    return out
  }

  func unaryBackward(_ op: UnaryOp, _ x: Tensor, _ dy: Tensor, _ p0: Float, _ p1: Float) -> Tensor {
    let out = x.like()
    ik_unary_backward(
      ik_unary_op(op.rawValue), x.dtype.c, Int64(x.count), x.raw, dy.raw, p0, p1, out.raw)
    return out
  }

  func geglu(_ x: Tensor) -> Tensor {
    let width = (x.shape.last ?? 0) / 2
    let out = x.like(x.shape.dropLast() + [width])
    ik_geglu(x.dtype.c, Int64(x.rows), Int64(width), x.raw, out.raw)
    return out
  }

  func gegluBackward(_ x: Tensor, _ dy: Tensor) -> Tensor {
    let out = x.like()
    ik_geglu_backward(x.dtype.c, Int64(x.rows), Int64((x.shape.last ?? 0) / 2), x.raw, dy.raw, out.raw)
    return out
  }

  func embedding(_ table: Tensor, _ ids: Tensor, output: DType) -> Tensor {
    let (rows, numbers) = (table.shape[0], UnsafeBufferPointer(start: ids.pointer(as: Int32.self), count: ids.count))
    precondition(numbers.allSatisfy { $0 >= 0 && Int($0) < rows }, "embedding id outside 0..<\(rows)")
    let out = table.like(ids.shape + [table.shape[1]], dtype: output)
    ik_embedding(
      table.dtype.c, table.raw, Int64(table.shape[1]), ids.pointer(as: Int32.self), Int64(ids.count),
      output.c, out.raw)
    return out
  }

  func embeddingBackward(_ dy: Tensor, _ ids: Tensor, rows: Int) -> Tensor {
    let width = dy.shape.last ?? 0
    let out = fill(0, shape: [rows, width], dtype: .f32, device: dy.device)
    ik_embedding_backward(
      dy.dtype.c, dy.raw, Int64(width), ids.pointer(as: Int32.self), Int64(ids.count),
      out.pointer(as: Float.self), Int64(rows))
    return out
  }

  func adamW(
    _ parameter: Tensor, gradient: Tensor, firstMoment: Tensor, secondMoment: Tensor, _ step: AdamWStep
  ) {
    precondition(parameter.storage.isWritable, "AdamW on a read-only tensor")
    ik_adamw(
      Int64(parameter.count), parameter.pointer(as: Float.self), gradient.pointer(as: Float.self),
      firstMoment.pointer(as: Float.self), secondMoment.pointer(as: Float.self), step.gradientScale,
      step.learningRate, step.beta1, step.beta2, step.epsilon, step.weightDecay, step.biasCorrection1,
      step.biasCorrection2)
    parameter.storage.invalidateDerived()
  }

  func updateAverage(_ average: Tensor, _ parameter: Tensor, decay: Float) {
    precondition(average.storage.isWritable, "average kept in a read-only tensor")
    ik_ema(
      Int64(average.count), average.pointer(as: Float.self), parameter.pointer(as: Float.self), decay)
    average.storage.invalidateDerived()
  }
}

// MARK: - Matrix products are the matrix library's

/// The libraries' primitives share scratch memory and one pool of threads, so callers take turns.
private let matrixTurn = Mutex(())

private func inTurn<Result: Sendable>(_ body: () -> Result) -> Result {
  matrixTurn.withLock { _ in body() }
}

extension CPUKernels {
  func linear(_ x: Tensor, _ w: Tensor, bias: Tensor?, residual: Tensor?, activation: Activation)
    -> Tensor
  { inTurn { matrix.linear(x, w, bias: bias, residual: residual, activation: activation) } }

  func linearBackwardInput(_ dy: Tensor, _ w: Tensor) -> Tensor { inTurn { matrix.linearBackwardInput(dy, w) } }

  func linearBackwardWeight(_ x: Tensor, _ dy: Tensor, bias: Bool) -> (dw: Tensor, db: Tensor?) {
    inTurn { matrix.linearBackwardWeight(x, dy, bias: bias) }
  }

  func convolution(
    _ x: Tensor, _ w: Tensor, bias: Tensor?, residual: Tensor?, activation: Activation,
    _ geometry: ConvolutionGeometry
  ) -> Tensor {
    inTurn { matrix.convolution(x, w, bias: bias, residual: residual, activation: activation, geometry) }
  }

  func convolutionBackwardInput(_ dy: Tensor, _ w: Tensor, _ geometry: ConvolutionGeometry) -> Tensor {
    inTurn { matrix.convolutionBackwardInput(dy, w, geometry) }
  }

  func convolutionBackwardWeight(
    _ x: Tensor, _ dy: Tensor, bias: Bool, _ geometry: ConvolutionGeometry
  ) -> (dw: Tensor, db: Tensor?) {
    inTurn { matrix.convolutionBackwardWeight(x, dy, bias: bias, geometry) }
  }

  func matmul(_ a: Tensor, _ b: Tensor, transposeA: Bool, transposeB: Bool, output: DType) -> Tensor {
    inTurn { matrix.matmul(a, b, transposeA: transposeA, transposeB: transposeB, output: output) }
  }
}

// MARK: - Helpers shared by the CPU kernels

extension DType {
  /// The C kernels' name of this type.
  var c: ik_dtype { ik_dtype(UInt32(rawValue)) }
}

extension [Int] {
  /// The same numbers as the C kernels take them.
  var c: [Int64] { map(Int64.init) }
}

extension Tensor {
  /// An uninitialised tensor on the same device, with the same shape and type unless told otherwise.
  func like(_ shape: [Int]? = nil, dtype: DType? = nil) -> Tensor {
    Tensor(uninitialized: shape ?? self.shape, dtype ?? self.dtype, device: device)
  }

  /// Product of all axes but the last.
  var rows: Int { shape.dropLast().reduce(1, *) }
}

/// Strides, in elements, that read `shape` as if it had been broadcast to `target`.
func broadcastStrides(_ shape: [Int], to target: [Int]) -> [Int64] {
  var strides = Array(repeating: Int64(0), count: target.count)
  var stride = 1
  for axis in 0..<shape.count {
    let (source, destination) = (shape.count - 1 - axis, target.count - 1 - axis)
    strides[destination] = shape[source] == 1 ? 0 : Int64(stride)
    stride *= shape[source]
  }
  return strides
}
