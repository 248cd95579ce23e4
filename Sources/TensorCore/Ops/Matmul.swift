extension Tensor {
  /// `activation(self · weightᵀ + bias + residual)`.
  /// - Parameters:
  ///   - weight: `[N, K]` for self `[.., K]`, in any float type.
  ///   - bias: `[N]`.
  ///   - residual: `[.., N]`, added before the activation, in the type of self.
  public func linear(
    _ weight: Tensor, bias: Tensor? = nil, residual: Tensor? = nil, activation: Activation = .none
  ) -> Tensor {
    precondition(
      weight.rank == 2 && shape.last == weight.shape[1]
        && (bias.map { $0.shape == [weight.shape[0]] } ?? true),
      "linear of \(shape) with weight \(weight.shape), bias \(bias?.shape ?? [])")
    let outShape = Array(shape.dropLast()) + [weight.shape[0]]
    precondition(
      residual.map { $0.shape == outShape && $0.dtype == dtype } ?? true,
      "linear with residual \(residual?.shape ?? []) for output \(outShape)")
    requireSameDevice(weight, bias, residual, in: "linear")
    let inputs = [self, weight] + (bias.map { [$0] } ?? []) + (residual.map { [$0] } ?? [])
    // The gradient of a fused activation needs its input, so while recording it stays a step of its own.
    let fuse = activation == .none || !inputs.contains { Tape.isRecording($0) }
    let (x, w, hasBias, hasResidual) = (detached, weight.detached, bias != nil, residual != nil)
    let y = kernels.linear(
      x, w, bias: bias?.detached.cast(to: .f32), residual: residual?.detached,
      activation: fuse ? activation : .none)
    let recorded = Tape.record(y, inputs) { dy, needed in
      var out: [Tensor?] = [needed[0] ? dy.kernels.linearBackwardInput(dy, w) : nil]
      let wantsBias = hasBias && needed[2]
      if needed[1] {
        let (dw, db) = dy.kernels.linearBackwardWeight(x, dy, bias: wantsBias)
        out.append(dw)
        if hasBias { out.append(db) }
      } else {
        out.append(nil)
        if hasBias { out.append(wantsBias ? dy.columnSums() : nil) }
      }
      if hasResidual { out.append(dy) }
      return out
    }
    return fuse ? recorded : recorded.applying(activation)
  }

  /// Sums over every axis but the last, in float32.
  func columnSums() -> Tensor {
    kernels.sum(self, axes: Array(0..<(rank - 1)), scale: 1, output: .f32)
  }

  /// Batched matrix product over the last two axes; a missing or single batch is repeated.
  public func matmul(_ other: Tensor, transposeA: Bool = false, transposeB: Bool = false) -> Tensor {
    let a = rank == 2 ? reshaped([1] + shape) : self
    let b = other.rank == 2 ? other.reshaped([1] + other.shape) : other
    let (sa, sb) = (a.shape, b.shape)
    precondition(
      sa.count == 3 && sb.count == 3 && a.dtype == b.dtype
        && (sa[0] == sb[0] || sa[0] == 1 || sb[0] == 1)
        && sa[transposeA ? 1 : 2] == sb[transposeB ? 2 : 1],
      "matmul of \(shape) and \(other.shape), transposed \(transposeA) \(transposeB)")
    a.requireSameDevice(b, in: "matmul")
    let (pa, pb) = (a.detached, b.detached)
    let y = kernels.matmul(pa, pb, transposeA: transposeA, transposeB: transposeB, output: dtype)
    let recorded = Tape.record(y, [a, b]) { dy, needed in
      let k = dy.kernels
      var (da, db): (Tensor?, Tensor?)
      if needed[0] {
        da =
          transposeA
          ? k.matmul(pb, dy, transposeA: transposeB, transposeB: true, output: dy.dtype)
          : k.matmul(dy, pb, transposeA: false, transposeB: !transposeB, output: dy.dtype)
      }
      if needed[1] {
        db =
          transposeB
          ? k.matmul(dy, pa, transposeA: true, transposeB: transposeA, output: dy.dtype)
          : k.matmul(pa, dy, transposeA: !transposeA, transposeB: false, output: dy.dtype)
      }
      return [da?.unbroadcast(to: sa), db?.unbroadcast(to: sb)]
    }
    return rank == 2 && other.rank == 2 ? recorded.reshaped(Array(recorded.shape[1...])) : recorded
  }
}
