import Models
import NN
import TensorCore

/// Classes of samples with noise in them (Dhariwal & Nichol 2021, §4), or of clean ones.
struct ClassifierObjective: Objective {
  let model: EncoderUNet2DModel
  let classes: CaptionClasses
  let noising: SampleNoising
  let groups: [ParameterGroup]

  func loss(_ batch: SampleBatch, random: inout [ExampleRandom]) throws -> Tensor {
    let wanted = try classes.targets(batch.captions)
    let (samples, timesteps) = noising.apply(batch.samples, random: &random)
    let logits = model(samples, timesteps: timesteps).cast(to: .f32)
    return logits.crossEntropy(.oneHot(wanted, count: classes.names.count))
  }
}

/// How samples are made noisy for a network that looks at them.
package struct SampleNoising: Sendable {
  /// nil leaves samples clean, at timestep 0.
  let prediction: NoisePrediction?
  /// Arithmetic of the network.
  let dtype: DType

  package init(prediction: NoisePrediction?, dtype: DType) { (self.prediction, self.dtype) = (prediction, dtype) }

  /// - Parameter timesteps: one for each row; nil draws them.
  func apply(
    _ samples: Tensor, timesteps: [Int]? = nil, random: inout [ExampleRandom]
  ) -> (samples: Tensor, timesteps: [Float]) {
    guard let prediction else {
      return (samples.cast(to: dtype), Array(repeating: 0, count: samples.shape[0]))
    }
    let noised = prediction.noised(samples, timesteps: timesteps, random: &random)
    return (noised.noisy.cast(to: dtype), noised.timesteps.map(Float.init))
  }
}

extension Tensor {
  /// Rows with a 1 at an index each, `[B, count]`.
  static func oneHot(_ indices: [Int], count: Int) -> Tensor {
    var values = [Float](repeating: 0, count: indices.count * count)
    for (row, index) in indices.enumerated() { values[row * count + index] = 1 }
    return Tensor(values, shape: [indices.count, count])
  }
}
