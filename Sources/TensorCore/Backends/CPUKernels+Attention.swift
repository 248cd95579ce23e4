import CKernels

// Attention and rotary positions on the CPU.
extension CPUKernels {
  func attention(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, bias: Tensor?, heads: Int, scale: Float, causal: Bool, wantsLSE: Bool
  ) -> (out: Tensor, lse: Tensor?) {
    let (width, s) = (q.shape[2], AttentionShape(q, k))
    let out = q.like()
    let lse = wantsLSE ? q.like([s.batch, heads, s.queries], dtype: .f32) : nil
    ik_attention_biased(
      q.dtype.c, Int64(s.batch), Int64(heads), Int64(s.queries), Int64(s.keys), Int64(width / heads), scale,
      causal ? 1 : 0, ik_score_bias(bias), q.raw, Int64(width), k.raw, Int64(width), v.raw, Int64(width), out.raw,
      Int64(width), lse?.pointer(as: Float.self))
    return (out, lse)
  }

  func attentionBackward(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, bias: Tensor?, heads: Int, scale: Float, causal: Bool, out: Tensor,
    lse: Tensor, _ dOut: Tensor, needsBias: Bool
  ) -> (dq: Tensor, dk: Tensor, dv: Tensor, dbias: Tensor?) {
    let (width, s) = (q.shape[2], AttentionShape(q, k))
    let (dq, dk, dv) = (q.like(), k.like(), v.like())
    let dbias = needsBias ? q.like([s.batch, heads, s.queries, s.keys], dtype: .f32) : nil
    ik_attention_biased_backward(
      q.dtype.c, Int64(s.batch), Int64(heads), Int64(s.queries), Int64(s.keys), Int64(width / heads), scale,
      causal ? 1 : 0, ik_score_bias(bias), q.raw, Int64(width), k.raw, Int64(width), v.raw, Int64(width), out.raw,
      lse.pointer(as: Float.self), dOut.raw, dq.raw, dk.raw, dv.raw, dbias?.pointer(as: Float.self))
    return (dq, dk, dv, dbias)
  }

  func rotary(_ x: Tensor, cosines: Tensor, sines: Tensor, heads: Int, pairs: RotaryPairs, inverse: Bool) -> Tensor {
    let out = x.like()
    ik_rotary(
      x.dtype.c, Int64(x.rows), Int64(x.shape[1]), Int64(heads), Int64(x.shape[2] / heads),
      pairs == .neighbours ? 1 : 0,
      inverse ? 1 : 0, x.raw, cosines.pointer(as: Float.self), sines.pointer(as: Float.self), out.raw)
    return out
  }
}

private struct AttentionShape {
  let batch, queries, keys: Int
  init(_ q: Tensor, _ k: Tensor) { (batch, queries, keys) = (q.shape[0], q.shape[1], k.shape[1]) }
}

extension ik_score_bias {
  /// Axes of 1 are repeated.
  fileprivate init(_ bias: Tensor?) {
    self.init()
    guard let bias else { return }
    let (s, strides) = (bias.shape, contiguousStrides(bias.shape))
    values = UnsafePointer(bias.pointer(as: Float.self))
    b_stride = s[0] == 1 ? 0 : Int64(strides[0])
    h_stride = s[1] == 1 ? 0 : Int64(strides[1])
    q_stride = s[2] == 1 ? 0 : Int64(strides[2])
  }
}
