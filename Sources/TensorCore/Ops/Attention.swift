extension Tensor {
  /// Scaled dot-product attention (Vaswani et al. 2017, eq. 1) for heads packed side by side; never stores the scores.
  /// - Parameters:
  ///   - q: `[B, Tq, heads · D]`.
  ///   - k: `[B, Tk, heads · D]`.
  ///   - v: like k.
  ///   - scale: multiplies the scores; `1/√D` unless given.
  ///   - causal: query i sees keys `0...i` only.
  /// - Returns: shaped like q.
  public static func attention(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, heads: Int, scale: Float? = nil, causal: Bool = false
  ) -> Tensor {
    precondition(
      q.rank == 3 && k.rank == 3 && k.shape == v.shape && q.shape[0] == k.shape[0]
        && q.shape[2] == k.shape[2] && q.shape[2] % heads == 0,
      "attention of q \(q.shape), k \(k.shape), v \(v.shape) with \(heads) heads")
    let scale = scale ?? 1 / Float(q.shape[2] / heads).squareRoot()
    let (pq, pk, pv) = (q.detached, k.detached, v.detached)
    let (out, lse) = q.kernels.attention(
      pq, pk, pv, heads: heads, scale: scale, causal: causal, wantsLSE: Tape.isRecording(q, k, v))
    guard let lse else { return out }
    return Tape.record(out, [q, k, v]) { dOut, _ in
      let (dq, dk, dv) = dOut.kernels.attentionBackward(
        pq, pk, pv, heads: heads, scale: scale, causal: causal, out: out, lse: lse, dOut)
      return [dq, dk, dv]
    }
  }
}
