extension Tensor {
  /// Scaled dot-product attention (Vaswani et al. 2017, eq. 1) for heads packed side by side; never stores the scores.
  /// - Parameters:
  ///   - q: `[B, Tq, heads · D]`.
  ///   - k: `[B, Tk, heads · D]`.
  ///   - v: like k.
  ///   - bias: added to the scaled scores, `[1 or B, 1 or heads, 1 or Tq, Tk]`: relative positions (Raffel et al. 2020, §2.1) or what
  ///     must not be seen. Values below −10⁴ count as that. Its gradient takes the memory of all scores.
  ///   - scale: multiplies the scores; `1/√D` unless given; not 0 with a bias.
  ///   - causal: query i sees keys `0...i` only.
  /// - Returns: shaped like q.
  public static func attention(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, bias: Tensor? = nil, heads: Int, scale: Float? = nil, causal: Bool = false
  ) -> Tensor {
    precondition(
      q.rank == 3 && k.rank == 3 && k.shape == v.shape && q.shape[0] == k.shape[0]
        && q.shape[2] == k.shape[2] && q.shape[2] % heads == 0,
      "attention of q \(q.shape), k \(k.shape), v \(v.shape) with \(heads) heads")
    let full = [q.shape[0], heads, q.shape[1], k.shape[1]]
    precondition(
      bias.map { $0.rank == 4 && $0.shape[3] == full[3] && zip($0.shape, full).allSatisfy { $0 == 1 || $0 == $1 } }
        ?? true,
      "attention bias \(bias?.shape ?? []) for scores \(full)")
    q.requireSameDevice(k, v, bias, in: "attention")
    let scale = scale ?? 1 / Float(q.shape[2] / heads).squareRoot()
    precondition(bias == nil || scale != 0, "attention with a bias and scale 0")
    let (pq, pk, pv, pb) = (q.detached, k.detached, v.detached, bias?.detached.cast(to: .f32))
    let inputs = [q, k, v] + (bias.map { [$0] } ?? [])
    let (out, lse) = q.kernels.attention(
      pq, pk, pv, bias: pb, heads: heads, scale: scale, causal: causal,
      wantsLSE: inputs.contains { Tape.isRecording($0) })
    guard let lse else { return out }
    let biasType = bias?.dtype ?? .f32
    return Tape.record(out, inputs) { dOut, needed in
      let found = dOut.kernels.attentionBackward(
        pq, pk, pv, bias: pb, heads: heads, scale: scale, causal: causal, out: out, lse: lse, dOut,
        needsBias: needed.count > 3 && needed[3])
      let dbias = pb.flatMap { bias in found.dbias?.unbroadcast(to: bias.shape).cast(to: biasType) }
      return [found.dq, found.dk, found.dv] + (needed.count > 3 ? [dbias] : [])
    }
  }
}
