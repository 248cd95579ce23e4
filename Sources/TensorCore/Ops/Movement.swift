extension Tensor {
  /// The same elements under another shape; one axis may be -1.
  public func reshaped(_ newShape: [Int]) -> Tensor {
    var shape = newShape
    if let free = shape.firstIndex(of: -1) {
      let known = shape.reduce(-1, *)
      shape[free] = known > 0 ? count / known : 0
    }
    precondition(shape.reduce(1, *) == count, "reshape of \(self.shape) to \(newShape)")
    if shape == self.shape { return self }
    let old = self.shape
    let view = Tensor(storage: storage, byteOffset: byteOffset, shape: shape, dtype: dtype)
    return Tape.record(view, [self]) { dy, _ in [dy.reshaped(old)] }
  }

  /// Axis i of the result is axis `order[i]` of self.
  public func permuted(_ order: [Int]) -> Tensor {
    precondition(order.sorted() == Array(0..<rank), "permutation \(order) of shape \(shape)")
    var inverse = order
    for (i, axis) in order.enumerated() { inverse[axis] = i }
    return Tape.record(kernels.permute(detached, order), [self]) { [inverse] dy, _ in
      [dy.kernels.permute(dy, inverse)]
    }
  }

  /// Repeats axes of 1 to reach `shape`.
  public func broadcast(to shape: [Int]) -> Tensor {
    if shape == self.shape { return self }
    precondition(broadcastShape(self.shape, shape, "broadcast") == shape, "broadcast of \(self.shape) to \(shape)")
    let old = self.shape
    return Tape.record(kernels.broadcast(detached, to: shape), [self]) { dy, _ in
      [dy.unbroadcast(to: old)]
    }
  }

  /// Elements `start ..< start + count` along `axis`.
  public func slice(axis: Int, from start: Int, count: Int) -> Tensor {
    let axis = axis < 0 ? axis + rank : axis
    precondition(
      axis < rank && start >= 0 && count >= 0 && start + count <= shape[axis],
      "slice \(start)..<\(start + count) of axis \(axis) of \(shape)")
    let full = shape[axis]
    if count == full { return self }
    let y: Tensor
    if shape[..<axis].allSatisfy({ $0 == 1 }) {
      var part = shape
      part[axis] = count
      let stride = shape[(axis + 1)...].reduce(dtype.byteSize, *)
      y = Tensor(storage: storage, byteOffset: byteOffset + start * stride, shape: part, dtype: dtype)
    } else {
      y = kernels.slice(detached, axis: axis, from: start, count: count)
    }
    return Tape.record(y, [self]) { dy, _ in
      [dy.kernels.sliceBackward(dy, axis: axis, from: start, full: full)]
    }
  }

  /// Splits an axis into parts of the given sizes.
  public func split(axis: Int, _ sizes: [Int]) -> [Tensor] {
    var start = 0
    return sizes.map { size in
      defer { start += size }
      return slice(axis: axis, from: start, count: size)
    }
  }

  /// Joins tensors along an axis.
  public static func concatenate(_ parts: [Tensor], axis: Int) -> Tensor {
    precondition(!parts.isEmpty, "concatenation of nothing")
    if parts.count == 1 { return parts[0] }
    let axis = axis < 0 ? axis + parts[0].rank : axis
    for part in parts {
      var (a, b) = (part.shape, parts[0].shape)
      parts[0].requireSameDevice(part, in: "concatenation")
      precondition(part.dtype == parts[0].dtype && a.count == b.count, "concatenation of \(a) and \(b)")
      (a[axis], b[axis]) = (0, 0)
      precondition(a == b, "concatenation of \(part.shape) and \(parts[0].shape) along axis \(axis)")
    }
    let sizes = parts.map { $0.shape[axis] }
    let y = parts[0].kernels.concatenate(parts.map(\.detached), axis: axis)
    return Tape.record(y, parts) { dy, needed in
      var start = 0
      return zip(sizes, needed).map { size, isNeeded in
        defer { start += size }
        return isNeeded ? dy.slice(axis: axis, from: start, count: size) : nil
      }
    }
  }

  /// Doubles height and width of `[B, H, W, C]` by repeating pixels.
  public var upsampledNearest2x: Tensor {
    precondition(rank == 4, "upsampling of shape \(shape)")
    return Tape.record(kernels.upsampleNearest2x(detached), [self]) { dy, _ in
      [dy.kernels.upsampleNearest2xBackward(dy)]
    }
  }

  /// `[B, H, W, C]` float32 at another size, bilinear between pixel centres, the outermost pixels repeated. It has no gradient.
  public func resizedBilinear(height: Int, width: Int) -> Tensor {
    precondition(
      rank == 4 && dtype == .f32 && shape[1] > 0 && shape[2] > 0 && height >= 0 && width >= 0,
      "resizing \(shape) \(dtype) to \(height)×\(width)")
    precondition(!Tape.isRecording(self), "resizing has no gradient")
    return kernels.resizeBilinear(detached, height: height, width: width)
  }

  /// Rows of a table `[V, D]` by index; `ids` any shape, result `ids.shape + [D]`.
  public static func embedding(_ table: Tensor, _ ids: Tensor, output: DType = .f32) -> Tensor {
    precondition(table.rank == 2 && ids.dtype == .i32, "embedding of \(table.shape) by \(ids.dtype)")
    table.requireSameDevice(ids, in: "embedding")
    let rows = table.shape[0]
    let plain = ids.detached
    return Tape.record(table.kernels.embedding(table.detached, plain, output: output), [table]) { dy, _ in
      [dy.kernels.embeddingBackward(dy, plain, rows: rows)]
    }
  }
}
