// Matrix products.
extension ReferenceKernels {
  func linear(_ x: Tensor, _ w: Tensor, bias: Tensor?, residual: Tensor?, activation: Activation)
    -> Tensor
  {
    let (m, n, k) = (x.rows, w.shape[0], w.shape[1])
    let (vx, vw) = (x.values, w.values)
    var sums = Array(repeating: 0.0, count: m * n)
    for row in 0..<m {
      for column in 0..<n {
        for i in 0..<k {
          sums[row * n + column] += Double(vx[row * k + i]) * Double(vw[column * k + i])
        }
      }
    }
    return x.holding(
      finish(sums, bias, residual, activation), shape: x.shape.dropLast() + [n])
  }

  func linearBackwardInput(_ dy: Tensor, _ w: Tensor) -> Tensor {
    let (m, n, k) = (dy.rows, w.shape[0], w.shape[1])
    let (vd, vw) = (dy.values, w.values)
    var sums = Array(repeating: 0.0, count: m * k)
    for row in 0..<m {
      for column in 0..<n {
        for i in 0..<k {
          sums[row * k + i] += Double(vd[row * n + column]) * Double(vw[column * k + i])
        }
      }
    }
    return dy.holding(sums.map { Float($0) }, shape: dy.shape.dropLast() + [k])
  }

  func linearBackwardWeight(_ x: Tensor, _ dy: Tensor, bias: Bool) -> (dw: Tensor, db: Tensor?) {
    let (m, n, k) = (x.rows, dy.shape[dy.rank - 1], x.shape[x.rank - 1])
    let (vx, vd) = (x.values, dy.values)
    var sums = Array(repeating: 0.0, count: n * k)
    for row in 0..<m {
      for column in 0..<n {
        for i in 0..<k {
          sums[column * k + i] += Double(vd[row * n + column]) * Double(vx[row * k + i])
        }
      }
    }
    let dw = x.holding(sums.map { Float($0) }, shape: [n, k], dtype: .f32)
    return (dw, bias ? columnSums(dy) : nil)
  }

  func matmul(_ a: Tensor, _ b: Tensor, transposeA: Bool, transposeB: Bool, output: DType) -> Tensor {
    let batch = max(a.shape[0], b.shape[0])
    let (m, k) = transposeA ? (a.shape[2], a.shape[1]) : (a.shape[1], a.shape[2])
    let n = b.shape[transposeB ? 1 : 2]
    let (va, vb) = (a.values, b.values)
    var out: [Float] = []
    for entry in 0..<batch {
      let startA = a.shape[0] == 1 ? 0 : entry * m * k
      let startB = b.shape[0] == 1 ? 0 : entry * k * n
      for row in 0..<m {
        for column in 0..<n {
          var sum = 0.0
          for i in 0..<k {
            let left = va[startA + (transposeA ? i * m + row : row * k + i)]
            let right = vb[startB + (transposeB ? column * k + i : i * n + column)]
            sum += Double(left) * Double(right)
          }
          out.append(Float(sum))
        }
      }
    }
    return a.holding(out, shape: [batch, m, n], dtype: output)
  }

  /// `activation(sums + bias + residual)`; the bias runs along the last axis.
  func finish(_ sums: [Double], _ bias: Tensor?, _ residual: Tensor?, _ activation: Activation)
    -> [Float]
  {
    var out = sums
    if let bias {
      let values = bias.values
      for i in out.indices { out[i] += Double(values[i % values.count]) }
    }
    if let residual { for (i, value) in residual.values.enumerated() { out[i] += Double(value) } }
    guard let function = activation.unary else { return out.map { Float($0) } }
    return out.map { Float(function.value($0, 0, 0)) }
  }

  /// Sums over every axis but the last, float32.
  func columnSums(_ dy: Tensor) -> Tensor {
    sum(dy, axes: Array(0..<(dy.rank - 1)), scale: 1, output: .f32)
  }
}
