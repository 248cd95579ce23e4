import Foundation

// Sums, tests of all elements, and softmax.
extension ReferenceKernels {
  func sum(_ x: Tensor, axes: [Int], scale: Float, output: DType) -> Tensor {
    let kept = x.shape.indices.filter { !axes.contains($0) }
    let shape = kept.map { x.shape[$0] }
    var strides = Array(repeating: 0, count: x.rank)
    for (axis, step) in zip(kept, contiguousStrides(shape)) { strides[axis] = step }
    var sums = Array(repeating: 0.0, count: shape.reduce(1, *))
    for (value, destination) in zip(x.values, offsets(x.shape, strides: strides)) {
      sums[destination] += Double(value)
    }
    return x.holding(sums.map { Float(Double(scale) * $0) }, shape: shape, dtype: output)
  }

  func firstNonFinite(_ x: Tensor) -> Int? { x.values.firstIndex { !$0.isFinite } }

  func softmax(_ x: Tensor) -> Tensor {
    let (columns, v) = (x.shape.last ?? 1, x.values)
    var out: [Float] = []
    for row in 0..<x.rows {
      let scores = v[row * columns..<(row + 1) * columns].map { Double($0) }
      let largest = scores.max() ?? 0
      let exponentials = scores.map { exp($0 - largest) }
      let total = exponentials.reduce(0, +)
      out += exponentials.map { Float($0 / total) }
    }
    return x.holding(out)
  }

  func softmaxBackward(_ y: Tensor, _ dy: Tensor) -> Tensor {
    let (columns, p, d) = (y.shape.last ?? 1, y.values, dy.values)
    var out: [Float] = []
    for row in 0..<y.rows {
      let range = row * columns..<(row + 1) * columns
      let mean = range.reduce(0.0) { $0 + Double(p[$1]) * Double(d[$1]) }
      out += range.map { Float(Double(p[$0]) * (Double(d[$0]) - mean)) }
    }
    return y.holding(out)
  }
}
