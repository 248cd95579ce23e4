import NN
import TensorCore

/// A small denoising network for points in a few dimensions: the sample and sinusoids of the timestep through dense layers.
public struct PointsMLP: Sendable {
  let input, output: Linear
  let hidden: [Linear]
  let timeWidth: Int

  /// - Parameters:
  ///   - dimensions: coordinates of a point.
  ///   - width: of the hidden layers.
  ///   - depth: number of hidden layers.
  public init(_ p: ParameterPath, dimensions: Int, width: Int, depth: Int, timeWidth: Int = 32) {
    self.timeWidth = timeWidth
    input = Linear(p.input, dimensions + timeWidth, width)
    hidden = (0..<depth).map { Linear(p.hidden[$0], width, width) }
    output = Linear(p.output, width, dimensions)
  }

  /// Predicts the noise in points `[B, dimensions]`; `timesteps` one a row.
  public func callAsFunction(_ x: Tensor, timesteps: [Float]) -> Tensor {
    // Timesteps of short schedules are spread over the range the sinusoids resolve.
    let time = Sinusoids.embed(
      timesteps.map { $0 * 20 }, width: timeWidth, cosineFirst: true, shift: 0, device: x.device)
    var h = input(Tensor.concatenate([x, time], axis: 1), activation: .silu)
    for layer in hidden { h = layer(h, residual: h, activation: .silu) }
    return output(h)
  }
}
