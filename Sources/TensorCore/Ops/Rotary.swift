extension Tensor {
  /// Rotary positions (Su et al. 2021, eq. 34): pairs of numbers of each head of self `[B, T, heads · D]` turned by their position's angles.
  /// - Parameters:
  ///   - cosines: of the angles, `[T, D/2]` float32; no gradient flows to them.
  ///   - sines: like cosines.
  ///   - pairs: which numbers turn together: neighbours (RoFormer, diffusers) or halves (LLaMA).
  public func rotated(cosines: Tensor, sines: Tensor, heads: Int, pairs: RotaryPairs = .neighbours) -> Tensor {
    precondition(
      rank == 3 && shape[2] % (2 * heads) == 0 && cosines.shape == [shape[1], shape[2] / heads / 2]
        && sines.shape == cosines.shape && cosines.dtype == .f32 && sines.dtype == .f32,
      "rotary positions of \(shape) in \(heads) heads with angles \(cosines.shape) \(cosines.dtype), \(sines.shape)")
    requireSameDevice(cosines, sines, in: "rotary positions")
    let (c, s) = (cosines.detached, sines.detached)
    let y = kernels.rotary(detached, cosines: c, sines: s, heads: heads, pairs: pairs, inverse: false)
    return Tape.record(y, [self]) { dy, _ in
      [dy.kernels.rotary(dy, cosines: c, sines: s, heads: heads, pairs: pairs, inverse: true)]
    }
  }
}
