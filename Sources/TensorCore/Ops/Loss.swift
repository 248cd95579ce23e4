import Foundation

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
    let (rows, width) = (shape[0], shape[1])
    let (x, wanted) = (floats(), targets.floats())
    var total = 0.0
    var slope = [Float](repeating: 0, count: x.count)
    for row in 0..<rows {
      let range = row * width..<(row + 1) * width
      let peak = Double(x[range].max() ?? 0)
      let logSum = log(x[range].reduce(0.0) { $0 + exp(Double($1) - peak) }) + peak
      let mass = wanted[range].reduce(0.0) { $0 + Double($1) }
      for i in range {
        total += Double(wanted[i]) * (logSum - Double(x[i]))
        slope[i] = Float((exp(Double(x[i]) - logSum) * mass - Double(wanted[i])) / Double(rows))
      }
    }
    let gradient = Tensor(slope, shape: shape, device: device)
    let value = Tensor([Float(total / Double(max(rows, 1)))], shape: [], device: device)
    return Tape.record(value, [self]) { dy, _ in [gradient.kernels.axpby(dy.scalar, gradient, 0, nil, 0)] }
  }
}
