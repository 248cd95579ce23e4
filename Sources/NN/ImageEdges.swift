import TensorCore

/// What convolutions find beyond the edges of a picture.
public enum ImageEdges: Sendable {
  case zeros
  /// The opposite side, as on a torus: results fit together without seams when laid side by side.
  case wrapped

  /// What every `Conv2d` uses in the current scope.
  @TaskLocal public static var current = ImageEdges.zeros
}

extension Tensor {
  /// `[B, H, W, C]` with pixels of the opposite sides put around it.
  public func wrapped(_ padding: Padding) -> Tensor {
    var x = self
    for (axis, before, after) in [(1, padding.top, padding.bottom), (2, padding.left, padding.right)] {
      let size = x.shape[axis]
      precondition(before <= size && after <= size, "wrapping \(shape) by \(padding)")
      var parts = [x]
      if before > 0 { parts.insert(x.slice(axis: axis, from: size - before, count: before), at: 0) }
      if after > 0 { parts.append(x.slice(axis: axis, from: 0, count: after)) }
      x = Tensor.concatenate(parts, axis: axis)
    }
    return x
  }
}
