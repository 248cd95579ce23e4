extension Tensor {
  /// GroupNorm (Wu & He 2018) of `[B, .., C]` over groups of neighbouring channels, optionally with SiLU behind it.
  /// - Parameters:
  ///   - gamma: scale `[C]`, or `[B, C]` with one for each image.
  ///   - beta: shift, shaped like gamma.
  public func groupNorm(
    gamma: Tensor, beta: Tensor, groups: Int, epsilon: Float, silu: Bool = false
  ) -> Tensor {
    let channels = shape.last ?? 0
    precondition(
      channels % groups == 0 && (gamma.shape == [channels] || gamma.shape == [shape[0], channels])
        && beta.shape == gamma.shape,
      "group norm of \(shape) into \(groups) groups with gamma \(gamma.shape)")
    requireSameDevice(gamma, beta, in: "group norm")
    let (x, g, b) = (detached, gamma.detached.cast(to: .f32), beta.detached.cast(to: .f32))
    let (y, mean, rstd) = kernels.groupNorm(
      x, gamma: g, beta: b, groups: groups, epsilon: epsilon, silu: silu)
    return Tape.record(y, [self, gamma, beta]) { dy, needed in
      let (dx, dgamma, dbeta) = dy.kernels.groupNormBackward(
        x, gamma: g, beta: b, mean: mean, rstd: rstd, groups: groups, silu: silu, dy,
        needsInput: needed[0], needsParameters: needed[1] || needed[2])
      return [dx, dgamma, dbeta]
    }
  }

  /// LayerNorm (Ba et al. 2016) over the last axis.
  public func layerNorm(gamma: Tensor, beta: Tensor, epsilon: Float) -> Tensor {
    precondition(
      gamma.shape == [shape.last ?? 0] && beta.shape == gamma.shape,
      "layer norm of \(shape) with gamma \(gamma.shape)")
    requireSameDevice(gamma, beta, in: "layer norm")
    let (x, g, b) = (detached, gamma.detached.cast(to: .f32), beta.detached.cast(to: .f32))
    let (y, mean, rstd) = kernels.layerNorm(x, gamma: g, beta: b, epsilon: epsilon)
    return Tape.record(y, [self, gamma, beta]) { dy, needed in
      let (dx, dgamma, dbeta) = dy.kernels.layerNormBackward(
        x, gamma: g, mean: mean, rstd: rstd, dy, needsInput: needed[0],
        needsParameters: needed[1] || needed[2])
      return [dx, dgamma, dbeta]
    }
  }

  /// RMSNorm (Zhang & Sennrich 2019, eq. 4) over the last axis: `self / √(mean(self²) + epsilon) · gamma`.
  public func rmsNorm(gamma: Tensor, epsilon: Float) -> Tensor {
    precondition(gamma.shape == [shape.last ?? 0], "RMS norm of \(shape) with gamma \(gamma.shape)")
    requireSameDevice(gamma, in: "RMS norm")
    let (x, g) = (detached, gamma.detached.cast(to: .f32))
    let (y, rstd) = kernels.rmsNorm(x, gamma: g, epsilon: epsilon)
    return Tape.record(y, [self, gamma]) { dy, needed in
      let (dx, dgamma) = dy.kernels.rmsNormBackward(
        x, gamma: g, rstd: rstd, dy, needsInput: needed[0], needsParameters: needed[1])
      return [dx, dgamma]
    }
  }
}
