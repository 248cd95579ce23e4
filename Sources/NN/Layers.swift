import TensorCore

/// `y = x Wᵀ + b`. Weight `[out, in]`.
public struct Linear: Sendable {
  public let weight: Parameter
  public let bias: Parameter?

  public init(
    _ p: ParameterPath, _ inputs: Int, _ outputs: Int, bias: Bool = true, initializer: Initializer? = nil
  ) {
    weight = p.weight.parameter([outputs, inputs], initializer ?? .fanIn(inputs))
    self.bias = bias ? p.bias.parameter([outputs], initializer == nil ? .fanIn(inputs) : .zeros) : nil
  }

  /// - Parameter residual: added to the product before the activation.
  public func callAsFunction(
    _ x: Tensor, residual: Tensor? = nil, activation: Activation = .none
  ) -> Tensor {
    x.linear(
      weight.tensor, bias: bias?.tensor, residual: weight.adapted(x, residual: residual), activation: activation)
  }
}

/// 2-D convolution of channels-last images. Weight `[out, in, k, k]`.
public struct Conv2d: Sendable {
  public let weight: Parameter
  public let bias: Parameter?
  let stride: Int
  let padding: Padding

  public init(
    _ p: ParameterPath, _ inputs: Int, _ outputs: Int, kernel: Int = 3, stride: Int = 1,
    padding: Padding = Padding(1), bias: Bool = true, initializer: Initializer? = nil
  ) {
    let fan = inputs * kernel * kernel
    weight = p.weight.parameter([outputs, inputs, kernel, kernel], initializer ?? .fanIn(fan))
    self.bias = bias ? p.bias.parameter([outputs], initializer == nil ? .fanIn(fan) : .zeros) : nil
    self.stride = stride
    self.padding = padding
  }

  /// - Parameter padding: other than the layer's own, for parts of an image.
  public func callAsFunction(
    _ x: Tensor, residual: Tensor? = nil, activation: Activation = .none, padding: Padding? = nil
  ) -> Tensor {
    let own = padding ?? self.padding
    let isWrapped = ImageEdges.current == .wrapped && own != Padding(0)
    let (x, padding) = isWrapped ? (x.wrapped(own), Padding(0)) : (x, own)
    return x.conv2d(
      weight.tensor, bias: bias?.tensor,
      residual: weight.adapted(x, residual: residual, stride: stride, padding: padding), stride: stride,
      padding: padding, activation: activation)
  }
}

/// GroupNorm over the channels of `[B, .., C]`.
public struct GroupNorm: Sendable {
  public let weight, bias: Parameter
  public let groups: Int
  public let epsilon: Float

  public init(_ p: ParameterPath, channels: Int, groups: Int, epsilon: Float) {
    weight = p.weight.parameter([channels], .ones)
    bias = p.bias.parameter([channels], .zeros)
    self.groups = groups
    self.epsilon = epsilon
  }

  /// - Parameter silu: applies SiLU to the result in the same pass.
  public func callAsFunction(_ x: Tensor, silu: Bool = false) -> Tensor {
    x.groupNorm(gamma: weight.tensor, beta: bias.tensor, groups: groups, epsilon: epsilon, silu: silu)
  }

  /// Scales and shifts each image's normalised channels on top: `norm(x) · (1 + scale) + shift`, in the same pass, by giving
  /// each image a weight and bias of its own.
  /// - Parameters:
  ///   - scale: `[B, C]`.
  ///   - shift: `[B, C]`.
  ///   - silu: applies SiLU to the result.
  public func callAsFunction(_ x: Tensor, scale: Tensor, shift: Tensor, silu: Bool = false) -> Tensor {
    let factor = scale.cast(to: .f32) + 1
    let (gamma, beta) = (weight.tensor.cast(to: .f32), bias.tensor.cast(to: .f32))
    return x.groupNorm(
      gamma: factor * gamma, beta: factor * beta + shift.cast(to: .f32), groups: groups, epsilon: epsilon, silu: silu)
  }
}

/// LayerNorm over the last axis.
public struct LayerNorm: Sendable {
  public let weight, bias: Parameter
  let epsilon: Float

  public init(_ p: ParameterPath, _ width: Int, epsilon: Float = 1e-5) {
    weight = p.weight.parameter([width], .ones)
    bias = p.bias.parameter([width], .zeros)
    self.epsilon = epsilon
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    x.layerNorm(gamma: weight.tensor, beta: bias.tensor, epsilon: epsilon)
  }
}

/// A table of vectors looked up by index. Weight `[count, width]`.
public struct Embedding: Sendable {
  public let weight: Parameter

  public init(_ p: ParameterPath, count: Int, width: Int, initializer: Initializer) {
    weight = p.weight.parameter([count, width], initializer)
  }

  public func callAsFunction(_ ids: Tensor, output: DType = .f32) -> Tensor {
    Tensor.embedding(weight.tensor, ids, output: output)
  }
}
