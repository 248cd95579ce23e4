import NN
import TensorCore

/// Dense layers with skips from hidden layer to hidden layer.
struct DenseNetwork {
  private let input, output: Linear
  private let hidden: [Linear]
  let inputs, outputs: Int

  /// - Parameters:
  ///   - width: of the hidden layers.
  ///   - depth: hidden layers behind the first.
  ///   - startsAtZero: whether a fresh network says 0 of everything.
  init(_ p: ParameterPath, _ inputs: Int, _ outputs: Int, width: Int, depth: Int, startsAtZero: Bool = false) {
    (self.inputs, self.outputs) = (inputs, outputs)
    input = Linear(p.input, inputs, width)
    hidden = (0..<depth).map { Linear(p.hidden[$0], width, width) }
    output = Linear(p.output, width, outputs, initializer: startsAtZero ? .zeros : nil)
  }

  /// `[B, inputs]` to `[B, outputs]`.
  func callAsFunction(_ x: Tensor) -> Tensor {
    var h = input(x, activation: .silu)
    for layer in hidden { h = layer(h, residual: h, activation: .silu) }
    return output(h)
  }
}
