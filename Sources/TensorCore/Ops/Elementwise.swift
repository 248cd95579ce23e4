/// The shape two operands broadcast to (trailing axes aligned, axes of 1 repeated).
func broadcastShape(_ a: [Int], _ b: [Int], _ name: String) -> [Int] {
  if a == b { return a }
  let rank = max(a.count, b.count)
  let pa = Array(repeating: 1, count: rank - a.count) + a
  let pb = Array(repeating: 1, count: rank - b.count) + b
  return zip(pa, pb).map { x, y in
    precondition(x == y || x == 1 || y == 1, "\(name) of shapes \(a) and \(b)")
    return x == 1 ? y : x
  }
}

extension Tensor {
  /// Sums a gradient over the axes that were broadcast from `shape`.
  func unbroadcast(to shape: [Int]) -> Tensor {
    if self.shape == shape { return self }
    let padded = Array(repeating: 1, count: rank - shape.count) + shape
    let axes = padded.indices.filter { padded[$0] == 1 && self.shape[$0] != 1 }
    let summed = axes.isEmpty ? self : kernels.sum(self, axes: axes, scale: 1, output: dtype)
    return summed.reshaped(shape)
  }

  /// Converts the element type; the gradient is converted back.
  public func cast(to dtype: DType) -> Tensor {
    if dtype == self.dtype { return self }
    let original = self.dtype
    return Tape.record(kernels.convert(detached, to: dtype), [self]) { dy, _ in
      [dy.kernels.convert(dy, to: original)]
    }
  }

  private static func binary(
    _ op: BinaryOp, _ a: Tensor, _ b: Tensor, _ name: String, _ pullback: @escaping Tape.Pullback
  ) -> Tensor {
    precondition(a.dtype == b.dtype, "\(name) of \(a.dtype) and \(b.dtype)")
    a.requireSameDevice(b, in: name)
    let shape = broadcastShape(a.shape, b.shape, name)
    return Tape.record(a.kernels.binary(op, a.detached, b.detached, shape: shape), [a, b], pullback)
  }

  public static func + (a: Tensor, b: Tensor) -> Tensor {
    let (sa, sb) = (a.shape, b.shape)
    return binary(.add, a, b, "addition") { dy, needed in
      [needed[0] ? dy.unbroadcast(to: sa) : nil, needed[1] ? dy.unbroadcast(to: sb) : nil]
    }
  }

  public static func - (a: Tensor, b: Tensor) -> Tensor {
    let (sa, sb) = (a.shape, b.shape)
    return binary(.subtract, a, b, "subtraction") { dy, needed in
      [needed[0] ? dy.unbroadcast(to: sa) : nil, needed[1] ? (-dy).unbroadcast(to: sb) : nil]
    }
  }

  public static func * (a: Tensor, b: Tensor) -> Tensor {
    let (pa, pb) = (a.detached, b.detached)
    return binary(.multiply, a, b, "multiplication") { dy, needed in
      [
        needed[0] ? (dy * pb).unbroadcast(to: pa.shape) : nil,
        needed[1] ? (dy * pa).unbroadcast(to: pb.shape) : nil,
      ]
    }
  }

  public static func / (a: Tensor, b: Tensor) -> Tensor {
    let (pa, pb) = (a.detached, b.detached)
    return binary(.divide, a, b, "division") { dy, needed in
      let da = dy / pb
      return [
        needed[0] ? da.unbroadcast(to: pa.shape) : nil,
        needed[1] ? (-(da * (pa / pb))).unbroadcast(to: pb.shape) : nil,
      ]
    }
  }

  /// The larger of two elements. It has no gradient.
  public static func maximum(_ a: Tensor, _ b: Tensor) -> Tensor {
    precondition(![a, b].contains { Tape.isRecording($0) }, "the larger of two tensors has no gradient")
    return binary(.maximum, a, b, "maximum") { _, _ in [nil, nil] }
  }

  /// `alpha · self + beta · other + gamma`; shapes equal.
  public func scaled(by alpha: Float, adding other: Tensor? = nil, times beta: Float = 1, plus gamma: Float = 0)
    -> Tensor
  {
    precondition(
      other.map { $0.shape == shape && $0.dtype == dtype } ?? true,
      "scaled sum of \(shape) \(dtype) and \(other?.shape ?? []) ")
    requireSameDevice(other, in: "scaled sum")
    let y = kernels.axpby(alpha, detached, beta, other?.detached, gamma)
    return Tape.record(y, other.map { [self, $0] } ?? [self]) { dy, needed in
      let da = needed[0] ? (alpha == 1 ? dy : dy.kernels.axpby(alpha, dy, 0, nil, 0)) : nil
      guard needed.count > 1 else { return [da] }
      return [da, needed[1] ? (beta == 1 ? dy : dy.kernels.axpby(beta, dy, 0, nil, 0)) : nil]
    }
  }

  public static func * (a: Tensor, b: Float) -> Tensor { a.scaled(by: b) }
  public static func * (a: Float, b: Tensor) -> Tensor { b.scaled(by: a) }
  public static func / (a: Tensor, b: Float) -> Tensor { a.scaled(by: 1 / b) }
  public static func + (a: Tensor, b: Float) -> Tensor { a.scaled(by: 1, plus: b) }
  public static func - (a: Tensor, b: Float) -> Tensor { a.scaled(by: 1, plus: -b) }
  public static func - (a: Float, b: Tensor) -> Tensor { b.scaled(by: -1, plus: a) }
  public static prefix func - (a: Tensor) -> Tensor { a.scaled(by: -1) }

  /// An element-wise function. `p0`, `p1` are the bounds of clamp, `p0` the slope of leakyRelu.
  public func applying(_ op: UnaryOp, _ p0: Float = 0, _ p1: Float = 0) -> Tensor {
    let x = detached
    return Tape.record(kernels.unary(op, x, p0, p1), [self]) { dy, _ in
      [dy.kernels.unaryBackward(op, x, dy, p0, p1)]
    }
  }

  public func applying(_ activation: Activation) -> Tensor {
    activation.unary.map { applying($0) } ?? self
  }

  public var silu: Tensor { applying(.silu) }
  public var squared: Tensor { applying(.square) }
  public func clamped(_ low: Float, _ high: Float) -> Tensor { applying(.clamp, low, high) }

  /// GEGLU (Shazeer 2020): the first half of the last axis times gelu of the second half.
  public var geglu: Tensor {
    precondition(shape.last.map { $0 % 2 == 0 } ?? false, "geglu of shape \(shape)")
    let x = detached
    return Tape.record(kernels.geglu(x), [self]) { dy, _ in [dy.kernels.gegluBackward(x, dy)] }
  }
}
