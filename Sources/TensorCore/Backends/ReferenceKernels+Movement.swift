// Kernels that move elements without computing, and embeddings.
extension ReferenceKernels {
  func permute(_ x: Tensor, _ order: [Int]) -> Tensor {
    let (shape, strides) = (order.map { x.shape[$0] }, contiguousStrides(x.shape))
    return gather(x, offsets(shape, strides: order.map { strides[$0] }), shape: shape)
  }

  func broadcast(_ x: Tensor, to shape: [Int]) -> Tensor {
    gather(x, broadcastOffsets(x.shape, to: shape), shape: shape)
  }

  func concatenate(_ parts: [Tensor], axis: Int) -> Tensor {
    var shape = parts[0].shape
    shape[axis] = parts.reduce(0) { $0 + $1.shape[axis] }
    let out = parts[0].like(shape)
    let strides = contiguousStrides(shape)
    var start = 0
    for part in parts {
      let destinations = offsets(part.shape, strides: strides)
      for (i, destination) in destinations.enumerated() {
        copyElement(of: part, i, to: out, destination + start * strides[axis])
      }
      start += part.shape[axis]
    }
    return out
  }

  func slice(_ x: Tensor, axis: Int, from start: Int, count: Int) -> Tensor {
    var shape = x.shape
    shape[axis] = count
    let strides = contiguousStrides(x.shape)
    return gather(
      x, offsets(shape, strides: strides).map { $0 + start * strides[axis] }, shape: shape)
  }

  func sliceBackward(_ dy: Tensor, axis: Int, from start: Int, full: Int) -> Tensor {
    var shape = dy.shape
    shape[axis] = full
    let out = fill(0, shape: shape, dtype: dy.dtype, device: dy.device)
    let strides = contiguousStrides(shape)
    for (i, destination) in offsets(dy.shape, strides: strides).enumerated() {
      copyElement(of: dy, i, to: out, destination + start * strides[axis])
    }
    return out
  }

  func upsampleNearest2x(_ x: Tensor) -> Tensor {
    let s = x.shape
    let shape = [s[0], 2 * s[1], 2 * s[2], s[3]]
    return gather(x, upsampledOffsets(s), shape: shape)
  }

  func upsampleNearest2xBackward(_ dy: Tensor) -> Tensor {
    let s = dy.shape
    let shape = [s[0], s[1] / 2, s[2] / 2, s[3]]
    var sums = Array(repeating: 0.0, count: shape.reduce(1, *))
    for (value, source) in zip(dy.values, upsampledOffsets(shape)) { sums[source] += Double(value) }
    return dy.holding(sums.map { Float($0) }, shape: shape)
  }

  func embedding(_ table: Tensor, _ ids: Tensor, output: DType) -> Tensor {
    let (rows, width, values) = (table.shape[0], table.shape[1], table.values)
    precondition(ids.integers().allSatisfy { $0 >= 0 && Int($0) < rows }, "embedding id outside 0..<\(rows)")
    let out = ids.integers().flatMap { values[Int($0) * width..<(Int($0) + 1) * width] }
    return table.holding(out, shape: ids.shape + [width], dtype: output)
  }

  func embeddingBackward(_ dy: Tensor, _ ids: Tensor, rows: Int) -> Tensor {
    let (width, values) = (dy.shape.last ?? 0, dy.values)
    var sums = Array(repeating: 0.0, count: rows * width)
    for (i, id) in ids.integers().enumerated() {
      for j in 0..<width { sums[Int(id) * width + j] += Double(values[i * width + j]) }
    }
    return dy.holding(sums.map { Float($0) }, shape: [rows, width], dtype: .f32)
  }

  /// For each element of the image of twice the size, the element of `[B, H, W, C]` it repeats.
  private func upsampledOffsets(_ s: [Int]) -> [Int] {
    var out: [Int] = []
    for b in 0..<s[0] {
      for y in 0..<2 * s[1] {
        for x in 0..<2 * s[2] {
          for c in 0..<s[3] { out.append(((b * s[1] + y / 2) * s[2] + x / 2) * s[3] + c) }
        }
      }
    }
    return out
  }

  /// A tensor of `shape` whose element i is element `sources[i]` of x.
  private func gather(_ x: Tensor, _ sources: [Int], shape: [Int]) -> Tensor {
    let out = x.like(shape)
    for (i, source) in sources.enumerated() { copyElement(of: x, source, to: out, i) }
    return out
  }

  /// Copies bits, so that every element type keeps its exact values.
  private func copyElement(of x: Tensor, _ source: Int, to out: Tensor, _ destination: Int) {
    let size = x.dtype.byteSize
    (out.raw + destination * size).copyMemory(from: x.raw + source * size, byteCount: size)
  }
}
