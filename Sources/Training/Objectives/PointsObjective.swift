import Foundation
import Models
import NN
import TensorCore

/// Points on the unit circle.
struct CirclePoints: BatchSource {
  /// There is no end of points.
  let count = Int.max

  func order(batch: Int, seed: UInt64) -> any ExampleOrder { EndlessOrder(size: batch) }

  /// `[B, 2]`.
  func batch(_ draws: [Draw], random: inout [ExampleRandom]) -> Tensor {
    let angles = random.indices.map { 2 * Float.pi * random[$0].uniform() }
    return Tensor(angles.flatMap { [cosf($0), sinf($0)] }, shape: [angles.count, 2])
  }
}

/// Noise in points.
package struct PointsObjective: Objective {
  let model: PointsMLP
  let prediction: NoisePrediction
  package let groups: [ParameterGroup]

  package init(model: PointsMLP, prediction: NoisePrediction, groups: [ParameterGroup]) {
    (self.model, self.prediction, self.groups) = (model, prediction, groups)
  }

  package func loss(_ points: Tensor, random: inout [ExampleRandom]) -> Tensor {
    prediction.loss(points, random: &random) { model($0, timesteps: $1) }
  }
}
