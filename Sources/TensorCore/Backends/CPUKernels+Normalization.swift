import CKernels

// Softmax and normalisation layers on the CPU.
extension CPUKernels {
  func softmax(_ x: Tensor) -> Tensor {
    let out = x.like()
    ik_softmax(x.dtype.c, Int64(x.rows), Int64(x.shape.last ?? 1), x.raw, out.raw)
    return out
  }

  func softmaxBackward(_ y: Tensor, _ dy: Tensor) -> Tensor {
    let out = y.like()
    ik_softmax_backward(y.dtype.c, Int64(y.rows), Int64(y.shape.last ?? 1), y.raw, dy.raw, out.raw)
    return out
  }

  func groupNorm(_ x: Tensor, gamma: Tensor, beta: Tensor, groups: Int, epsilon: Float, silu: Bool)
    -> (y: Tensor, mean: Tensor, rstd: Tensor)
  {
    let (batch, channels) = (x.shape[0], x.shape[x.rank - 1])
    let positions = x.shape[1..<(x.rank - 1)].reduce(1, *)
    let y = x.like()
    let (mean, rstd) = (x.like([batch, groups], dtype: .f32), x.like([batch, groups], dtype: .f32))
    ik_group_norm(
      x.dtype.c, Int64(batch), Int64(positions), Int64(channels), Int64(groups), epsilon, silu ? 1 : 0,
      x.raw, gamma.pointer(as: Float.self), beta.pointer(as: Float.self), gamma.strideOfImages, y.raw,
      mean.pointer(as: Float.self), rstd.pointer(as: Float.self))
    return (y, mean, rstd)
  }

  func groupNormBackward(
    _ x: Tensor, gamma: Tensor, beta: Tensor, mean: Tensor, rstd: Tensor, groups: Int, silu: Bool,
    _ dy: Tensor, needsInput: Bool, needsParameters: Bool
  ) -> (dx: Tensor?, dgamma: Tensor?, dbeta: Tensor?) {
    let (batch, channels) = (x.shape[0], x.shape[x.rank - 1])
    let positions = x.shape[1..<(x.rank - 1)].reduce(1, *)
    let dx = needsInput ? x.like() : nil
    let dgamma = needsParameters ? gamma.like() : nil
    let dbeta = needsParameters ? beta.like() : nil
    ik_group_norm_backward(
      x.dtype.c, Int64(batch), Int64(positions), Int64(channels), Int64(groups), silu ? 1 : 0, x.raw,
      gamma.pointer(as: Float.self), beta.pointer(as: Float.self), gamma.strideOfImages,
      mean.pointer(as: Float.self), rstd.pointer(as: Float.self), dy.raw, dx?.raw, dgamma?.pointer(as: Float.self),
      dbeta?.pointer(as: Float.self))
    return (dx, dgamma, dbeta)
  }

  func layerNorm(_ x: Tensor, gamma: Tensor, beta: Tensor, epsilon: Float)
    -> (y: Tensor, mean: Tensor, rstd: Tensor)
  {
    let y = x.like()
    let (mean, rstd) = (x.like([x.rows], dtype: .f32), x.like([x.rows], dtype: .f32))
    ik_layer_norm(
      x.dtype.c, Int64(x.rows), Int64(x.shape.last ?? 0), epsilon, x.raw, gamma.pointer(as: Float.self),
      beta.pointer(as: Float.self), y.raw, mean.pointer(as: Float.self), rstd.pointer(as: Float.self))
    return (y, mean, rstd)
  }

  func layerNormBackward(
    _ x: Tensor, gamma: Tensor, mean: Tensor, rstd: Tensor, _ dy: Tensor, needsInput: Bool,
    needsParameters: Bool
  ) -> (dx: Tensor?, dgamma: Tensor?, dbeta: Tensor?) {
    let dx = needsInput ? x.like() : nil
    let dgamma = needsParameters ? gamma.like() : nil
    let dbeta = needsParameters ? gamma.like() : nil
    ik_layer_norm_backward(
      x.dtype.c, Int64(x.rows), Int64(x.shape.last ?? 0), x.raw, gamma.pointer(as: Float.self),
      mean.pointer(as: Float.self), rstd.pointer(as: Float.self), dy.raw, dx?.raw,
      dgamma?.pointer(as: Float.self), dbeta?.pointer(as: Float.self))
    return (dx, dgamma, dbeta)
  }
}

extension CPUKernels {
  func rmsNorm(_ x: Tensor, gamma: Tensor, epsilon: Float) -> (y: Tensor, rstd: Tensor) {
    let (y, rstd) = (x.like(), x.like([x.rows], dtype: .f32))
    ik_rms_norm(
      x.dtype.c, Int64(x.rows), Int64(x.shape.last ?? 0), epsilon, x.raw, gamma.pointer(as: Float.self), y.raw,
      rstd.pointer(as: Float.self))
    return (y, rstd)
  }

  func rmsNormBackward(
    _ x: Tensor, gamma: Tensor, rstd: Tensor, _ dy: Tensor, needsInput: Bool, needsParameters: Bool
  ) -> (dx: Tensor?, dgamma: Tensor?) {
    let (dx, dgamma) = (needsInput ? x.like() : nil, needsParameters ? gamma.like() : nil)
    ik_rms_norm_backward(
      x.dtype.c, Int64(x.rows), Int64(x.shape.last ?? 0), x.raw, gamma.pointer(as: Float.self),
      rstd.pointer(as: Float.self), dy.raw, dx?.raw, dgamma?.pointer(as: Float.self))
    return (dx, dgamma)
  }
}

extension Tensor {
  /// Elements between the scales of neighbouring images: 0 where `[C]` is the same for all.
  fileprivate var strideOfImages: Int64 { rank == 2 ? Int64(shape[1]) : 0 }
}
