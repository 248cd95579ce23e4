import NN
import TensorCore

/// A convolution without bias and the batch normalisation behind it, as one convolution: what is fixed after training
/// goes into the weights (Ioffe & Szegedy 2015, §3.1).
struct NormalizedConv: Sendable {
  /// What a convolution's kernel is.
  struct Shape {
    var height = 1, width = 1
    var stride = 1
    var padding = Padding(0)
    /// Whether every channel has a kernel of its own.
    var isDepthwise = false
  }

  private let weight, bias: Tensor
  private let shape: Shape

  /// - Parameters:
  ///   - conv: where the file has the convolution's weight.
  ///   - norm: where it has weight, bias, running_mean and running_var of the normalisation.
  init(_ conv: ParameterPath, _ norm: ParameterPath, _ inputs: Int, _ outputs: Int, _ shape: Shape) {
    let kernel = conv.weight.parameter(
      [outputs, shape.isDepthwise ? 1 : inputs, shape.height, shape.width], .zeros)
    let numbers = [norm.weight, norm.bias, norm.running_mean, norm.running_var].map { $0.parameter([outputs], .zeros) }
    self.shape = shape
    // One that is missing or of another shape is told of when the file has been read.
    guard kernel.shape[0] == outputs, numbers.allSatisfy({ $0.shape == [outputs] }) else {
      (weight, bias) = (kernel.value, numbers[0].value)
      return
    }
    let (gamma, beta, mean, variance) = (numbers[0].value, numbers[1].value, numbers[2].value, numbers[3].value)
    let scale = gamma * variance.scaled(by: 1, plus: Self.epsilon).applying(.rsqrt)
    weight = kernel.value.cast(to: .f32) * scale.reshaped([outputs, 1, 1, 1])
    bias = beta - mean * scale
  }

  private static let epsilon: Float = 1e-3

  func callAsFunction(_ x: Tensor, activation: Activation = .none) -> Tensor {
    shape.isDepthwise
      ? x.depthwiseConv2d(weight, bias: bias, stride: shape.stride, padding: shape.padding).applying(activation)
      : x.conv2d(weight, bias: bias, stride: shape.stride, padding: shape.padding, activation: activation)
  }
}
