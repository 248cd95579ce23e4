import CKernels
import CMatrixKernels
import COneDNN

/// Matrix products and convolutions by oneDNN. Weights are repacked once per layout and kept beside the original, as long as
/// `DerivedForms` says.
struct OneDNNMatrixKernels: MatrixKernels {
  static let isAvailable = idnn_init() == 0

  var unavailableReason: String? { Self.isAvailable ? nil : "oneDNN: \(String(cString: idnn_error()))" }

  var computesInt8: Bool { true }

  var noInt8Reason: String? {
    idnn_has_int8() == 0 ? "this processor has no AVX-512 VNNI and BF16 instructions: take f32 or bf16" : nil
  }

  var matrixDescription: String { "oneDNN \(String(cString: idnn_version()))" }

  /// The weights of `op`, repacked unless a current copy exists.
  private func packed(_ w: Tensor, for op: OpaquePointer, _ kind: Storage.DerivedKey.Kind) -> Storage {
    let key = Storage.DerivedKey(
      kind: kind, layout: idnn_weights_layout(op), offset: w.byteOffset, operation: idnn_number(op))
    let isDropped = kind == .backward && DerivedForms.dropsGradientForms
    return w.storage.derived(
      key, byteCount: idnn_weights_bytes(op), lifetime: isDropped ? .call : DerivedForms.lifetime
    ) { destination, forward in
      if let forward, idnn_turn_weights(forward.key.operation, forward.storage.pointer, op, destination) != 0 { return }
      check(idnn_pack_weights(op, w.raw, w.dtype.c, destination), "packing weights \(w.shape)")
    }
  }

  func linear(_ x: Tensor, _ w: Tensor, bias: Tensor?, residual: Tensor?, activation: Activation)
    -> Tensor
  {
    let (m, n, k) = (x.rows, w.shape[0], w.shape[1])
    let y = x.like(x.shape.dropLast() + [n])
    if y.count == 0 { return y }
    let (hasBias, hasResidual): (Int32, Int32) = (bias == nil ? 0 : 1, residual == nil ? 0 : 1)
    let isInt8 =
      ProductArithmetic.current == .int8 && activation == .none
      && idnn_linear_int8_takes(x.dtype.c, Int64(n), Int64(k)) != 0
    let op = require(
      isInt8
        ? idnn_linear_int8(x.dtype.c, Int64(m), Int64(n), Int64(k), hasBias, hasResidual)
        : idnn_linear_forward(
          x.dtype.c, Int64(m), Int64(n), Int64(k), hasBias, hasResidual, activation.oneDNN),
      "linear [\(m), \(k)] x [\(n), \(k)]")
    let weights = packed(w, for: op, isInt8 ? .int8 : .forward)
    check(
      idnn_run_forward(
        op, x.raw, weights.pointer, bias?.pointer(as: Float.self), residual?.raw, y.raw),
      "linear [\(m), \(k)] x [\(n), \(k)]")
    return y
  }

  func linearBackwardInput(_ dy: Tensor, _ w: Tensor) -> Tensor {
    let (m, n, k) = (dy.rows, w.shape[0], w.shape[1])
    let dx = dy.like(dy.shape.dropLast() + [k])
    if dx.count == 0 { return dx }
    let op = require(
      idnn_linear_backward_data(dy.dtype.c, Int64(m), Int64(n), Int64(k)), "linear backward data")
    let weights = packed(w, for: op, .backward)
    check(idnn_run_backward_data(op, dy.raw, weights.pointer, dx.raw), "linear backward data")
    return dx
  }

  func linearBackwardWeight(_ x: Tensor, _ dy: Tensor, bias: Bool) -> (dw: Tensor, db: Tensor?) {
    let (m, n, k) = (x.rows, dy.shape[dy.rank - 1], x.shape[x.rank - 1])
    let dw = x.like([n, k], dtype: .f32)
    if m == 0 {
      // oneDNN divides by the number of rows.
      ik_fill(dw.raw, IK_F32, 0, Int64(dw.count))
      return (dw, bias ? columnSums(dy) : nil)
    }
    let op = require(
      idnn_linear_backward_weights(x.dtype.c, Int64(m), Int64(n), Int64(k)),
      "linear backward weights")
    check(
      idnn_run_backward_weights(
        op, x.raw, dy.raw, dw.pointer(as: Float.self)),
      "linear backward weights")
    return (dw, bias ? columnSums(dy) : nil)
  }

  func convolution(
    _ x: Tensor, _ w: Tensor, bias: Tensor?, residual: Tensor?, activation: Activation,
    _ geometry: ConvolutionGeometry
  ) -> Tensor {
    let y = x.like(geometry.outputShape)
    var shape = geometry.shape(x.dtype)
    let (hasBias, hasResidual): (Int32, Int32) = (bias == nil ? 0 : 1, residual == nil ? 0 : 1)
    let isInt8 =
      ProductArithmetic.current == .int8 && activation == .none && idnn_conv_int8_takes(&shape) != 0
    let op = require(
      isInt8
        ? idnn_conv_int8(&shape, hasBias, hasResidual)
        : idnn_conv_forward(&shape, hasBias, hasResidual, activation.oneDNN, 1),
      "convolution \(geometry)")
    let weights = packed(w, for: op, isInt8 ? .int8 : .forward)
    check(
      idnn_run_forward(
        op, x.raw, weights.pointer, bias?.pointer(as: Float.self), residual?.raw, y.raw),
      "convolution \(geometry)")
    return y
  }

  func convolutionBackwardInput(_ dy: Tensor, _ w: Tensor, _ geometry: ConvolutionGeometry) -> Tensor {
    let dx = dy.like(geometry.inputShape)
    var shape = geometry.shape(dy.dtype)
    let op = require(idnn_conv_backward_data(&shape), "convolution backward data \(geometry)")
    let weights = packed(w, for: op, .backward)
    check(
      idnn_run_backward_data(op, dy.raw, weights.pointer, dx.raw), "convolution backward data \(geometry)")
    return dx
  }

  func convolutionBackwardWeight(
    _ x: Tensor, _ dy: Tensor, bias: Bool, _ geometry: ConvolutionGeometry
  ) -> (dw: Tensor, db: Tensor?) {
    let dw = x.like(geometry.weightShape, dtype: .f32)
    var shape = geometry.shape(x.dtype)
    let op = require(
      idnn_conv_backward_weights(&shape), "convolution backward weights \(geometry)")
    check(
      idnn_run_backward_weights(
        op, x.raw, dy.raw, dw.pointer(as: Float.self)),
      "convolution backward weights \(geometry)")
    return (dw, bias ? columnSums(dy) : nil)
  }

  func matmul(_ a: Tensor, _ b: Tensor, transposeA: Bool, transposeB: Bool, output: DType) -> Tensor {
    let batch = max(a.shape[0], b.shape[0])
    let m = a.shape[transposeA ? 2 : 1]
    let k = a.shape[transposeA ? 1 : 2]
    let n = b.shape[transposeB ? 1 : 2]
    let c = a.like([batch, m, n], dtype: output)
    if c.count == 0 { return c }
    check(
      idnn_matmul(
        a.dtype.c, output.c, Int64(batch), Int64(m), Int64(n), Int64(k), transposeA ? 1 : 0,
        transposeB ? 1 : 0, a.raw, Int64(a.shape[0] == 1 ? 0 : m * k), b.raw,
        Int64(b.shape[0] == 1 ? 0 : n * k), c.raw),
      "matmul [\(batch), \(m), \(k)] x [\(batch), \(k), \(n)]")
    return c
  }
}

/// Sums over all axes but the last, float32.
private func columnSums(_ dy: Tensor) -> Tensor {
  let columns = dy.shape[dy.rank - 1]
  let out = dy.like([columns], dtype: .f32)
  ik_reduce_sum(
    dy.dtype.c, 2, [Int64(dy.rows), Int64(columns)], [1, 0], dy.raw, 1, IK_F32, out.raw)
  return out
}

/// Stops with oneDNN's message: shapes were checked before, so a failure here is a bug or an exhausted machine.
private func check(_ status: Int32, _ what: @autoclosure () -> String) {
  precondition(status == 0, "oneDNN: \(what()): \(String(cString: idnn_error()))")
}

private func require(_ op: OpaquePointer?, _ what: @autoclosure () -> String) -> OpaquePointer {
  guard let op else { preconditionFailure("oneDNN: \(what()): \(String(cString: idnn_error()))") }
  return op
}

extension Activation {
  fileprivate var oneDNN: idnn_activation {
    switch self {
    case .none: IDNN_NONE
    case .silu: IDNN_SILU
    case .gelu: IDNN_GELU
    case .quickGelu: IDNN_QUICK_GELU
    case .relu: IDNN_RELU
    }
  }
}

extension ConvolutionGeometry {
  fileprivate func shape(_ dtype: DType) -> im_conv_shape {
    im_conv_shape(
      type: dtype.c, B: Int64(batch), H: Int64(height), W: Int64(width), C: Int64(inChannels),
      OH: Int64(outHeight), OW: Int64(outWidth), OC: Int64(outChannels), KH: Int64(kernelHeight),
      KW: Int64(kernelWidth), stride: Int64(stride), pad_top: Int64(padding.top),
      pad_left: Int64(padding.left), pad_bottom: Int64(padding.bottom), pad_right: Int64(padding.right))
  }
}
