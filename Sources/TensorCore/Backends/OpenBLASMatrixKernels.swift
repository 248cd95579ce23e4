import CKernels
import COpenBLAS

/// Matrix products by OpenBLAS, loaded at run time; convolutions as im2col and a product. Arithmetic in float32.
struct OpenBLASMatrixKernels: MatrixKernels {
  /// Whether the library was found on this machine.
  static let isAvailable = iblas_load() == 0
  /// Why it is not available, with what to do; empty if it is.
  static var message: String { String(cString: iblas_error()) }

  var unavailableReason: String? { Self.isAvailable ? nil : Self.message }
  var computesInt8: Bool { false }
  var noInt8Reason: String? { nil }

  var matrixDescription: String {
    guard Self.isAvailable else { return Self.message }
    let words = String(cString: iblas_config()).split(separator: " ")
    let core = words.last { !$0.contains("=") }
    return (words.prefix(2) + (core.map { [$0] } ?? [])).joined(separator: " ")
  }

  func linear(_ x: Tensor, _ w: Tensor, bias: Tensor?, residual: Tensor?, activation: Activation)
    -> Tensor
  {
    let (m, n, k) = (x.rows, w.shape[0], w.shape[1])
    let y = x.like(x.shape.dropLast() + [n], dtype: .f32)
    multiply(
      m, n, k, Operand(x.float32, leading: k),
      Operand(float32Weight(w), leading: k, transposed: true), into: y)
    return finished(y, bias, residual, activation, x.dtype)
  }

  func linearBackwardInput(_ dy: Tensor, _ w: Tensor) -> Tensor {
    let (m, n, k) = (dy.rows, w.shape[0], w.shape[1])
    let dx = dy.like(dy.shape.dropLast() + [k], dtype: .f32)
    multiply(
      m, k, n, Operand(dy.float32, leading: n), Operand(float32Weight(w), leading: k), into: dx)
    return dx.converted(to: dy.dtype)
  }

  func linearBackwardWeight(_ x: Tensor, _ dy: Tensor, bias: Bool) -> (dw: Tensor, db: Tensor?) {
    let (m, n, k) = (x.rows, dy.shape[dy.rank - 1], x.shape[x.rank - 1])
    let dw = x.like([n, k], dtype: .f32)
    multiply(
      n, k, m, Operand(dy.float32, leading: n, transposed: true), Operand(x.float32, leading: k),
      into: dw)
    return (dw, bias ? columnSums(dy) : nil)
  }

  func matmul(_ a: Tensor, _ b: Tensor, transposeA: Bool, transposeB: Bool, output: DType) -> Tensor {
    let batch = max(a.shape[0], b.shape[0])
    let (m, k) = transposeA ? (a.shape[2], a.shape[1]) : (a.shape[1], a.shape[2])
    let n = b.shape[transposeB ? 1 : 2]
    let (fa, fb, c) = (a.float32, b.float32, a.like([batch, m, n], dtype: .f32))
    for entry in 0..<batch {
      multiply(
        m, n, k,
        Operand(
          fa, at: fa.shape[0] == 1 ? 0 : entry * m * k, leading: fa.shape[2], transposed: transposeA
        ),
        Operand(
          fb, at: fb.shape[0] == 1 ? 0 : entry * k * n, leading: fb.shape[2], transposed: transposeB
        ),
        into: c, at: entry * m * n)
    }
    return c.converted(to: output)
  }

  /// A weight as float32; what had to be converted is kept beside the original.
  func float32Weight(_ w: Tensor) -> Tensor {
    if w.dtype == .f32 { return w }
    let key = Storage.DerivedKey(kind: .float32, layout: UInt64(w.count), offset: w.byteOffset)
    let storage = w.storage.derived(key, byteCount: w.count * 4) { destination, _ in
      ik_convert(w.raw, w.dtype.c, destination, IK_F32, Int64(w.count))
    }
    return Tensor(storage: storage, shape: w.shape, dtype: .f32)
  }

  /// `activation(sums + bias + residual)` as `dtype`; overwrites the float32 sums.
  func finished(
    _ sums: Tensor, _ bias: Tensor?, _ residual: Tensor?, _ activation: Activation, _ dtype: DType
  ) -> Tensor {
    let shape = [sums.rows, sums.shape[sums.rank - 1]].c
    if let bias {
      ik_binary(IK_ADD, IK_F32, 2, shape, sums.raw, [shape[1], 1], bias.raw, [0, 1], sums.raw)
    }
    if let residual { add(residual.float32, to: sums) }
    if let function = activation.unary {
      ik_unary(ik_unary_op(function.rawValue), IK_F32, Int64(sums.count), sums.raw, 0, 0, sums.raw)
    }
    return sums.converted(to: dtype)
  }

  /// Sums over every axis but the last, float32.
  func columnSums(_ dy: Tensor) -> Tensor {
    let width = dy.shape[dy.rank - 1]
    let out = dy.like([width], dtype: .f32)
    ik_reduce_sum(dy.dtype.c, 2, [dy.rows, width].c, [1, 0], dy.raw, 1, IK_F32, out.raw)
    return out
  }

  /// `sum += term`, float32, starting `offset` elements into sum.
  func add(_ term: Tensor, to sum: Tensor, at offset: Int = 0) {
    let target = sum.pointer(as: Float.self) + offset
    ik_axpby(IK_F32, Int64(term.count), 1, term.raw, 1, target, 0, target)
  }

  /// `c[m, n] = a[m, k] b[k, n]`, added to what c holds if `accumulating`.
  func multiply(
    _ m: Int, _ n: Int, _ k: Int, _ a: Operand, _ b: Operand, into c: Tensor, at offset: Int = 0,
    accumulating: Bool = false
  ) {
    precondition(Self.isAvailable, Self.message)
    // The library's integers are 32 bits wide.
    precondition(
      max(m, n, k) <= Int(Int32.max), "matrix product [\(m), \(k)] x [\(k), \(n)] is too large")
    let target = c.pointer(as: Float.self) + offset
    if k == 0 && !accumulating { ik_fill(target, IK_F32, 0, Int64(m * n)) }
    if m == 0 || n == 0 || k == 0 { return }
    iblas_sgemm(
      ik_threads(), a.transposed ? 1 : 0, b.transposed ? 1 : 0, Int64(m), Int64(n), Int64(k),
      a.tensor.pointer(as: Float.self) + a.offset, Int64(a.leading),
      b.tensor.pointer(as: Float.self) + b.offset, Int64(b.leading), accumulating ? 1 : 0, target,
      Int64(n))
  }

  /// One side of a product: a float32 matrix somewhere inside a tensor. Holds the tensor, so the memory stays.
  struct Operand {
    let tensor: Tensor
    let offset, leading: Int
    let transposed: Bool

    init(_ tensor: Tensor, at offset: Int = 0, leading: Int, transposed: Bool = false) {
      (self.tensor, self.offset, self.leading) = (tensor, offset, leading)
      self.transposed = transposed
    }
  }
}

extension Tensor {
  /// The same values as float32.
  var float32: Tensor { converted(to: .f32) }

  /// The same values as another float type, by the vector kernels.
  func converted(to dtype: DType) -> Tensor {
    if dtype == self.dtype { return self }
    let out = like(dtype: dtype)
    ik_convert(raw, self.dtype.c, out.raw, dtype.c, Int64(count))
    return out
  }
}
