extension Tensor {
  /// Updates self and its moments in place by one AdamW step. All float32 and of one shape.
  public func adamW(
    gradient: Tensor, firstMoment: Tensor, secondMoment: Tensor, _ step: AdamWStep
  ) {
    precondition(
      [gradient, firstMoment, secondMoment].allSatisfy { $0.shape == shape && $0.dtype == .f32 }
        && dtype == .f32, "AdamW of \(shape) with gradient \(gradient.shape) \(gradient.dtype)")
    requireSameDevice(gradient, firstMoment, secondMoment, in: "AdamW")
    kernels.adamW(
      detached, gradient: gradient.detached, firstMoment: firstMoment, secondMoment: secondMoment, step)
  }

  /// Moves self, a running average, towards `value` in place: `decay · self + (1 − decay) · value`.
  public func updateAverage(towards value: Tensor, decay: Float) {
    precondition(value.shape == shape && dtype == .f32 && value.dtype == .f32, "average of \(value.shape)")
    requireSameDevice(value, in: "running average")
    kernels.updateAverage(detached, value.detached, decay: decay)
  }
}
