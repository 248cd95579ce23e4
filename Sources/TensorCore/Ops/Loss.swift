extension Tensor {
  /// Cross-entropy `−Σ target · log softmax(self)` of each row of logits, averaged over the rows: a scalar.
  ///
  /// The logarithm is taken of the sum of exponentials in double precision, so an answer that is certain and wrong costs a
  /// large number and no infinity.
  /// - Parameter targets: `[B, C]` like self, what each row should say, summing to 1 where it is a distribution. No gradient
  ///   flows to it.
  public func crossEntropy(_ targets: Tensor) -> Tensor {
    precondition(
      rank == 2 && targets.shape == shape && dtype == .f32 && targets.dtype == .f32,
      "cross-entropy of \(shape) \(dtype) and \(targets.shape) \(targets.dtype)")
    requireSameDevice(targets, in: "cross-entropy")
    let (value, gradient) = kernels.crossEntropy(detached, targets.detached)
    return Tape.record(value, [self]) { dy, _ in
      [dy.kernels.binary(.multiply, gradient, dy, shape: gradient.shape)]
    }
  }
}
