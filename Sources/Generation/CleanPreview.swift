import Diffusion
import TensorCore

/// Told the latents a run seems to end in, after each step; throw to stop.
public typealias CleanPreview = (_ clean: Tensor, SamplingStep) throws -> Void

/// What the network said last, and so where the run seems to end.
struct LastPrediction {
  /// The sample the network was given, scaled for it, what it was told, and what it said under guidance.
  private var call: (sample: Tensor, timestep: Float, output: Tensor)?
  private let denoised: Denoised

  init(_ config: SchedulerConfig, sampler: SamplerName) {
    denoised = Denoised(config, as: sampler.prediction)
  }

  var output: Tensor? { call?.output }

  mutating func note(_ sample: Tensor, _ timestep: Float, _ output: Tensor) { call = (sample, timestep, output) }

  /// The clean latents the prediction implies; nil before the first, and where the sample holds no signal.
  var clean: Tensor? { call.flatMap { denoised.clean($0.output, seen: $0.sample, told: $0.timestep) } }
}
