import Models
import NN
import TensorCore

/// Noise in pictures of classes, of which the network is told none now and then, which makes guidance possible (Ho & Salimans
/// 2022).
struct ClassObjective: Objective {
  let model: any DenoisingNetwork
  let classes: CaptionClasses
  /// How often no class is told; the class after the last stands for none.
  let dropout: Float
  let loss: any DenoisingLoss
  let groups: [ParameterGroup]

  func loss(_ batch: SampleBatch, random: inout [ExampleRandom]) throws -> Tensor {
    let told = try batch.captions.enumerated().map { row, caption in
      let index = try classes.index(of: caption)
      return random[row].uniform() < dropout ? classes.names.count : index
    }
    return try loss.loss(of: batch.samples, random: &random) {
      model($0, timesteps: $1, NetworkConditioning(classes: told))
    }
  }
}
