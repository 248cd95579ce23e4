import Foundation

// Element-wise functions and optimiser steps.
extension ReferenceKernels {
  func binary(_ op: BinaryOp, _ a: Tensor, _ b: Tensor, shape: [Int]) -> Tensor {
    let (va, vb) = (a.values, b.values)
    let pairs = zip(broadcastOffsets(a.shape, to: shape), broadcastOffsets(b.shape, to: shape))
    return a.holding(pairs.map { op.apply(va[$0], vb[$1]) }, shape: shape)
  }

  func axpby(_ alpha: Float, _ a: Tensor, _ beta: Float, _ b: Tensor?, _ gamma: Float) -> Tensor {
    var out = a.values.map { Double(alpha) * Double($0) + Double(gamma) }
    if let b { for (i, value) in b.values.enumerated() { out[i] += Double(beta) * Double(value) } }
    return a.holding(out.map { Float($0) })
  }

  func unary(_ op: UnaryOp, _ x: Tensor, _ p0: Float, _ p1: Float) -> Tensor {
    x.holding(x.values.map { Float(op.value(Double($0), Double(p0), Double(p1))) })
  }

  func unaryBackward(_ op: UnaryOp, _ x: Tensor, _ dy: Tensor, _ p0: Float, _ p1: Float) -> Tensor {
    x.holding(
      zip(x.values, dy.values).map { x, dy in
        Float(Double(dy) * op.derivative(Double(x), Double(p0), Double(p1)))
      })
  }

  func geglu(_ x: Tensor) -> Tensor {
    let width = (x.shape.last ?? 0) / 2
    let v = x.values
    var out: [Float] = []
    for row in 0..<x.rows {
      for j in 0..<width {
        let (a, g) = (v[row * 2 * width + j], v[row * 2 * width + width + j])
        out.append(Float(Double(a) * UnaryOp.gelu.value(Double(g), 0, 0)))
      }
    }
    return x.holding(out, shape: x.shape.dropLast() + [width])
  }

  func gegluBackward(_ x: Tensor, _ dy: Tensor) -> Tensor {
    let width = (x.shape.last ?? 0) / 2
    let (v, d) = (x.values, dy.values)
    var out = v
    for row in 0..<x.rows {
      for j in 0..<width {
        let (ia, ig) = (row * 2 * width + j, row * 2 * width + width + j)
        let (a, g, dy) = (Double(v[ia]), Double(v[ig]), Double(d[row * width + j]))
        out[ia] = Float(dy * UnaryOp.gelu.value(g, 0, 0))
        out[ig] = Float(dy * a * UnaryOp.gelu.derivative(g, 0, 0))
      }
    }
    return x.holding(out)
  }

  func adamW(
    _ parameter: Tensor, gradient: Tensor, firstMoment: Tensor, secondMoment: Tensor,
    _ step: AdamWStep
  ) {
    let (p, m) = (parameter.values.map { Double($0) }, firstMoment.values.map { Double($0) })
    let v = secondMoment.values.map { Double($0) }
    let (b1, b2) = (Double(step.beta1), Double(step.beta2))
    let (rate, decay) = (Double(step.learningRate), Double(step.weightDecay))
    var (newP, newM, newV) = (p, m, v)
    for (i, raw) in gradient.values.enumerated() {
      let g = Double(step.gradientScale) * Double(raw)
      newM[i] = b1 * m[i] + (1 - b1) * g
      newV[i] = b2 * v[i] + (1 - b2) * g * g
      let denominator =
        newV[i].squareRoot() / step.biasCorrection2.squareRoot() + Double(step.epsilon)
      newP[i] = p[i] - rate * decay * p[i] - rate / step.biasCorrection1 * newM[i] / denominator
    }
    overwrite(parameter, newP)
    overwrite(firstMoment, newM)
    overwrite(secondMoment, newV)
  }

  func updateAverage(_ average: Tensor, _ parameter: Tensor, decay: Float) {
    let d = Double(decay)
    overwrite(
      average, zip(average.values, parameter.values).map { d * Double($0) + (1 - d) * Double($1) })
  }

  private func overwrite(_ tensor: Tensor, _ values: [Double]) {
    tensor.mutateInPlace { buffer in
      for (i, value) in values.enumerated() { buffer[i] = Float(value) }
    }
  }
}

extension BinaryOp {
  /// The function of two numbers; the larger and the smaller of a NaN and anything is NaN.
  fileprivate func apply(_ a: Float, _ b: Float) -> Float {
    switch self {
    case .add: a + b
    case .subtract: a - b
    case .multiply: a * b
    case .divide: a / b
    case .maximum: a.isNaN || a > b ? a : b
    case .minimum: a.isNaN || a < b ? a : b
    }
  }
}
