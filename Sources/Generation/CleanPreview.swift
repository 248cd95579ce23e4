import Diffusion
import Foundation
import TensorCore

/// Told the latents a run seems to end in, after each step; throw to stop.
public typealias CleanPreview = (_ clean: Tensor, SamplingStep) throws -> Void

/// What the network said last, and so where the run seems to end.
struct LastPrediction {
  /// The sample the network was given, scaled for it, and what it said under guidance.
  private var sample: Tensor?
  private(set) var output: Tensor?
  private var timestep: Float = 0
  private let config: SchedulerConfig
  private let schedule: NoiseSchedule

  init(_ config: SchedulerConfig, sampler: SamplerName) {
    self.config = config
    schedule = config.schedule
  }

  mutating func note(_ sample: Tensor, _ timestep: Float, _ output: Tensor) {
    (self.sample, self.timestep, self.output) = (sample, timestep, output)
  }

  /// The clean latents the prediction implies; nil before the first, and where the sample holds no signal.
  var clean: Tensor? {
    guard let sample, let output else { return nil }
    if let clean = config.cleanSample(sample, output: output, told: timestep) { return clean }
    let bar = schedule.alphasCumprod[min(max(Int(timestep.rounded()), 0), schedule.trainSteps - 1)]
    let (signal, noise) = (bar.squareRoot(), (1 - bar).squareRoot())
    switch schedule.predictionType {
    case .sample: return output
    case .flow: return nil
    case .velocity: return sample.scaled(by: signal, adding: output, times: -noise)
    case .epsilon:
      guard signal > 1e-3 else { return nil }
      return sample.scaled(by: 1 / signal, adding: output, times: -noise / signal)
    }
  }
}
