import CKernels

// Permutations, slices and reductions on the CPU.
extension CPUKernels {
  func permute(_ x: Tensor, _ order: [Int]) -> Tensor {
    var strides = Array(repeating: 1, count: x.rank)
    for axis in stride(from: x.rank - 2, through: 0, by: -1) {
      strides[axis] = strides[axis + 1] * x.shape[axis + 1]
    }
    return gather(x, shape: order.map { x.shape[$0] }, strides: order.map { Int64(strides[$0]) })
  }

  func broadcast(_ x: Tensor, to shape: [Int]) -> Tensor {
    gather(x, shape: shape, strides: broadcastStrides(x.shape, to: shape))
  }

  private func gather(_ x: Tensor, shape: [Int], strides: [Int64]) -> Tensor {
    precondition(shape.count <= 6, "movement of rank \(shape.count)")
    let out = x.like(shape)
    if shape.isEmpty {
      out.raw.copyMemory(from: x.raw, byteCount: x.dtype.byteSize)
    } else {
      ik_gather_strided(Int32(x.dtype.byteSize), Int32(shape.count), shape.c, x.raw, strides, out.raw)
    }
    return out
  }

  func concatenate(_ parts: [Tensor], axis: Int) -> Tensor {
    var shape = parts[0].shape
    shape[axis] = parts.reduce(0) { $0 + $1.shape[axis] }
    let out = parts[0].like(shape)
    let rows = shape[..<axis].reduce(1, *)
    let unit = shape[(axis + 1)...].reduce(out.dtype.byteSize, *)
    var offset = 0
    for part in parts {
      let bytes = part.shape[axis] * unit
      ik_copy_rows(
        part.raw, Int64(bytes), out.raw + offset, Int64(shape[axis] * unit), Int64(bytes), Int64(rows))
      offset += bytes
    }
    return out
  }

  func slice(_ x: Tensor, axis: Int, from start: Int, count: Int) -> Tensor {
    var shape = x.shape
    shape[axis] = count
    let out = x.like(shape)
    let unit = shape[(axis + 1)...].reduce(x.dtype.byteSize, *)
    ik_copy_rows(
      x.raw + start * unit, Int64(x.shape[axis] * unit), out.raw, Int64(count * unit), Int64(count * unit),
      Int64(shape[..<axis].reduce(1, *)))
    return out
  }

  func sliceBackward(_ dy: Tensor, axis: Int, from start: Int, full: Int) -> Tensor {
    var shape = dy.shape
    shape[axis] = full
    let out = fill(0, shape: shape, dtype: dy.dtype, device: dy.device)
    let unit = shape[(axis + 1)...].reduce(dy.dtype.byteSize, *)
    let bytes = dy.shape[axis] * unit
    ik_copy_rows(
      dy.raw, Int64(bytes), out.raw + start * unit, Int64(full * unit), Int64(bytes),
      Int64(shape[..<axis].reduce(1, *)))
    return out
  }

  func upsampleNearest2x(_ x: Tensor) -> Tensor {
    let s = x.shape
    let out = x.like([s[0], 2 * s[1], 2 * s[2], s[3]])
    ik_upsample_nearest2x(x.dtype.c, Int64(s[0]), Int64(s[1]), Int64(s[2]), Int64(s[3]), x.raw, out.raw)
    return out
  }

  func upsampleNearest2xBackward(_ dy: Tensor) -> Tensor {
    let s = dy.shape
    let out = dy.like([s[0], s[1] / 2, s[2] / 2, s[3]])
    ik_upsample_nearest2x_backward(
      dy.dtype.c, Int64(s[0]), Int64(s[1] / 2), Int64(s[2] / 2), Int64(s[3]), dy.raw, out.raw)
    return out
  }

  func depthwiseConvolution(_ x: Tensor, _ w: Tensor, bias: Tensor?, _ geometry: ConvolutionGeometry) -> Tensor {
    let (g, out) = (geometry, x.like(geometry.outputShape))
    let taps = g.kernelHeight * g.kernelWidth
    let kernels = permute(convert(w.reshaped([g.inChannels, taps]), to: .f32), [1, 0])
    ik_depthwise(
      x.dtype.c, Int64(g.batch), Int64(g.height), Int64(g.width), Int64(g.inChannels), Int64(g.kernelHeight),
      Int64(g.kernelWidth), Int64(g.stride), Int64(g.padding.top), Int64(g.padding.left), Int64(g.outHeight),
      Int64(g.outWidth), x.raw, kernels.pointer(as: Float.self), bias?.pointer(as: Float.self), out.raw)
    return out
  }

  func sum(_ x: Tensor, axes: [Int], scale: Float, output: DType) -> Tensor {
    precondition(x.rank <= 6, "sum of rank \(x.rank)")
    let kept = x.shape.indices.filter { !axes.contains($0) }.map { x.shape[$0] }
    let out = x.like(kept, dtype: output)
    let shape = x.rank == 0 ? [1] : x.shape
    let mask = shape.indices.map { UInt8(axes.contains($0) ? 1 : 0) }
    ik_reduce_sum(x.dtype.c, Int32(shape.count), shape.c, mask, x.raw, scale, output.c, out.raw)
    return out
  }

  func sumsOfSquares(_ tensors: [Tensor]) -> [Double] {
    tensors.map { ik_sum_squares($0.dtype.c, Int64($0.count), $0.raw) }
  }

  func firstNonFinite(_ x: Tensor) -> Int? {
    let position = ik_first_nonfinite(x.dtype.c, Int64(x.count), x.raw)
    return position < 0 ? nil : Int(position)
  }
}
