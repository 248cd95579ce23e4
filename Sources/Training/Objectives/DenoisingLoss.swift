import Diffusion
import TensorCore

/// How a denoising network learns: what it is shown of a sample, and what it should say.
package protocol DenoisingLoss: Sendable {
  /// The mean loss over samples `[B, .., C]`.
  /// - Parameter predict: the network, from noisy samples and what it is told of their time.
  func loss(
    of clean: Tensor, random: inout [ExampleRandom],
    predict: (_ noisy: Tensor, _ timesteps: [Float]) throws -> Tensor
  ) throws -> Tensor
}

extension NoisePrediction: DenoisingLoss {
  package func loss(
    of clean: Tensor, random: inout [ExampleRandom], predict: (Tensor, [Float]) throws -> Tensor
  ) throws -> Tensor {
    try loss(clean, random: &random, predict: predict)
  }
}

extension SchedulerConfig {
  /// The loss of networks of this schedule: of flow matching, or of the usual prediction of noise, velocity or sample.
  /// - Parameters:
  ///   - times: how times are drawn; nil for evenly.
  ///   - dtype: arithmetic of the network.
  package func denoisingLoss(times: TimestepSampling?, dtype: DType) throws -> any DenoisingLoss {
    if let flow { return FlowMatching(flow, times: times ?? TimestepSampling(), dtype: dtype) }
    var prediction = NoisePrediction(try trainingSchedule, dtype: dtype)
    if let times { prediction.timesteps = times }
    return prediction
  }
}
