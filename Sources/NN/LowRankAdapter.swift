import TensorCore

/// A low-rank change of a weight, computed beside it: `W x + scale · up (down x)` (Hu et al. 2021, eq. 3).
///
/// Attached to the weight's parameter; the layer that reads it adds the product. The matrices may be trainable while
/// the weight itself is not.
public struct LowRankAdapter: Sendable {
  /// `[r, in]`, or `[r, in, kh, kw]` for a convolution of that size.
  public let down: Parameter
  /// `[out, r]`.
  public let up: Parameter
  public let scale: Float

  public init(down: Parameter, up: Parameter, scale: Float) {
    precondition(
      up.shape.count == 2 && down.shape.count >= 2 && down.shape[0] == up.shape[1],
      "adapter of down \(down.shape) and up \(up.shape)")
    self.down = down
    self.up = up
    self.scale = scale
  }

  public var rank: Int { up.shape[1] }

  /// `scale · up (down x)` for a linear layer, plus a residual.
  func linear(_ x: Tensor, residual: Tensor?) -> Tensor {
    let matrix = down.tensor.reshaped([rank, down.shape.dropFirst().reduce(1, *)])
    return x.linear(matrix).scaled(by: scale).linear(up.tensor, residual: residual)
  }

  /// `scale · up (down ∗ x)` for a convolution, plus a residual.
  func conv2d(_ x: Tensor, residual: Tensor?, stride: Int, padding: Padding) -> Tensor {
    let kernel = down.tensor.reshaped(down.shape + Array(repeating: 1, count: 4 - down.shape.count))
    return x.conv2d(kernel, stride: stride, padding: padding).scaled(by: scale)
      .linear(up.tensor, residual: residual)
  }
}

extension Parameter {
  /// What the adapters of this weight of a linear layer add to its result: the residual itself if there are none.
  /// - Parameters:
  ///   - x: the layer's input `[.., in]`.
  ///   - residual: `[.., out]` or nil.
  public func adapted(_ x: Tensor, residual: Tensor?) -> Tensor? {
    adapters.reduce(residual) { $1.linear(x, residual: $0) }
  }

  /// The same for a convolution's weight.
  func adapted(_ x: Tensor, residual: Tensor?, stride: Int, padding: Padding) -> Tensor? {
    adapters.reduce(residual) { $1.conv2d(x, residual: $0, stride: stride, padding: padding) }
  }
}
