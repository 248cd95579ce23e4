extension Tensor {
  /// `scale ·` sum over `axes` (all of them if nil), which disappear.
  public func sum(axes: [Int]? = nil, scale: Float = 1) -> Tensor {
    let axes = (axes ?? Array(0..<rank)).map { $0 < 0 ? $0 + rank : $0 }.sorted()
    let full = shape
    var kept = full
    for axis in axes { kept[axis] = 1 }
    return Tape.record(kernels.sum(detached, axes: axes, scale: scale, output: dtype), [self]) { [kept] dy, _ in
      let scaled = scale == 1 ? dy : dy.kernels.axpby(scale, dy, 0, nil, 0)
      return [scaled.kernels.broadcast(scaled.reshaped(kept), to: full)]
    }
  }

  /// Mean over `axes` (all of them if nil).
  public func mean(axes: [Int]? = nil) -> Tensor {
    let size = (axes ?? Array(0..<rank)).reduce(1) { $0 * shape[$1 < 0 ? $1 + rank : $1] }
    return sum(axes: axes, scale: 1 / Float(max(size, 1)))
  }

  /// Softmax over the last axis.
  public var softmax: Tensor {
    let y = kernels.softmax(detached)
    return Tape.record(y, [self]) { dy, _ in [dy.kernels.softmaxBackward(y, dy)] }
  }

  /// Sum of the squares of all elements.
  public var sumOfSquares: Double { kernels.sumsOfSquares([detached])[0] }

  /// Sums of the squares of several tensors of one device, which is waited for once.
  public static func sumsOfSquares(_ tensors: [Tensor]) -> [Double] {
    guard let first = tensors.first else { return [] }
    for other in tensors { first.requireSameDevice(other, in: "sums of squares") }
    return first.kernels.sumsOfSquares(tensors.map(\.detached))
  }

  /// The sum of all elements and of their magnitudes, in double precision.
  public var totals: (sum: Double, magnitude: Double) { kernels.totals(detached) }

  /// The magnitude below which a share of all elements lie, linear between the two nearest, as torch.quantile computes it.
  public func magnitudeQuantile(_ share: Double) -> Float {
    precondition(count > 0, "quantile of a tensor of shape \(shape)")
    return kernels.magnitudeQuantile(detached, share)
  }

  /// Position of the first NaN or infinity, or nil.
  public var firstNonFinite: Int? { kernels.firstNonFinite(detached) }
}
