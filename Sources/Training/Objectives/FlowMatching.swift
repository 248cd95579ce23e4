import Diffusion
import TensorCore

/// Flow matching on straight paths (Lipman et al. 2023, eq. 23 with σ = 0; Liu et al. 2023, eq. 1): a sample is shown as
/// `(1 − t) · clean + t · noise`, and the network should say the path's velocity, `noise − clean`.
///
/// Times are drawn evenly or by a logit-normal distribution, and moved towards noise by the flow's shift (Esser et al. 2024,
/// §3.1 and eq. 23).
package struct FlowMatching: DenoisingLoss {
  package let flow: FlowSettings
  package let times: TimestepSampling
  /// Arithmetic of the network.
  let dtype: DType

  package init(_ flow: FlowSettings, times: TimestepSampling, dtype: DType) {
    (self.flow, self.times, self.dtype) = (flow, times, dtype)
  }

  /// Places between 0 and 1 that a time can have before it is shifted.
  private static let places = 1 << 20

  /// A time within 0 ... 1, both left out.
  package func time(_ random: inout ExampleRandom) -> Float {
    let place = times.draw(&random, count: Self.places)
    return Float(flow.shifted((Double(place) + 0.5) / Double(Self.places)))
  }

  package func loss(
    of clean: Tensor, random: inout [ExampleRandom], predict: (Tensor, [Float]) throws -> Tensor
  ) throws -> Tensor {
    let drawn = random.indices.map { time(&random[$0]) }
    let noise = random.normal(like: clean.shape)
    let velocity = noise - clean
    let noisy = clean + velocity * Tensor(drawn, shape: [drawn.count] + Array(repeating: 1, count: clean.rank - 1))
    let told = drawn.map { $0 * Float(flow.trainSteps) }
    return (try predict(noisy.cast(to: dtype), told).cast(to: .f32) - velocity).squared.mean()
  }
}
