import Diffusion
import Foundation
import TensorCore
import TestSupport
import Testing

/// Outputs made from known clean samples and noise, in every scale samples have.
@Suite struct DenoisedTests {
  private let clean = Tensor([0.5, -1.25, 2, 0.125], shape: [1, 2, 2, 1])
  private let noise = Tensor([-0.75, 1.5, 0.25, -2], shape: [1, 2, 2, 1])

  /// `√ᾱ` and `√(1 − ᾱ)`; signal 1 and σ; something in between.
  private static let levels = [
    NoiseLevel(bar: 0.9), NoiseLevel(bar: 0.02), NoiseLevel(signal: 1, noise: 0.4), NoiseLevel(signal: 1, noise: 9),
    NoiseLevel(signal: 0.7, noise: 0.6),
  ]

  private func sample(_ level: NoiseLevel) -> Tensor {
    clean.scaled(by: Float(level.signal), adding: noise, times: Float(level.noise))
  }

  /// What a network says of a sample, by the definitions of what it predicts.
  private func output(_ type: PredictionType, _ level: NoiseLevel) -> Tensor {
    let length = (level.signal * level.signal + level.noise * level.noise).squareRoot()
    switch type {
    case .epsilon: return noise
    case .sample: return clean
    case .velocity:
      return noise.scaled(by: Float(level.signal / length), adding: clean, times: Float(-level.noise / length))
    case .flow: return noise - clean
    }
  }

  private func config(_ json: String) throws -> SchedulerConfig {
    try JSONDecoder().decode(SchedulerConfig.self, from: Data(json.utf8))
  }

  @Test(arguments: ["epsilon", "v_prediction", "sample"], levels)
  func schedules(type: String, level: NoiseLevel) throws {
    let config = try config(#"{"prediction_type": "\#(type)"}"#)
    let found = Denoised(config).clean(output(config.predictionType, level), sample(level), level: level)
    // Rounding is multiplied by noise over signal.
    expectClose(
      found.floats(), clean.floats(), atol: 1e-6 * Float(1 + level.noise / level.signal), "\(type) at \(level)")
  }

  /// A flow's own samples, and the same in units of the signal.
  @Test(arguments: [0.1, 0.5, 0.98]) func flows(time: Double) throws {
    let denoised = Denoised(try config(#"{"_class_name": "FlowMatchEulerDiscreteScheduler"}"#))
    for level in [NoiseLevel(signal: 1 - time, noise: time), NoiseLevel(signal: 1, noise: time / (1 - time))] {
      let found = denoised.clean(noise - clean, sample(level), level: level)
      expectClose(found.floats(), clean.floats(), atol: 2e-6 * Float(1 / (1 - time)), "\(level)")
    }
    let level = denoised.level(told: Float(time * 1000))
    #expect(abs(level.noise - time) < 1e-6 && abs(level.signal - (1 - time)) < 1e-6)
  }

  /// `F` of Karras et al. 2022 from its definition, `(clean − c_skip x) / c_out`.
  @Test(arguments: [0.05, 1, 40]) func continuousLevels(sigma: Double) throws {
    let denoised = Denoised(try config(#"{"_class_name": "EDMEulerScheduler"}"#))
    let data = 0.5
    let skip = data * data / (sigma * sigma + data * data)
    let out = sigma * data / (sigma * sigma + data * data).squareRoot()
    let level = NoiseLevel(signal: 1, noise: sigma)
    let f = clean.scaled(by: Float(1 / out), adding: sample(level), times: Float(-skip / out))
    expectClose(denoised.clean(f, sample(level), level: level).floats(), clean.floats(), atol: 1e-5, "σ \(sigma)")
    // The same from what the network saw and was told.
    let scale = 1 / (sigma * sigma + data * data).squareRoot()
    let seen = denoised.clean(f, seen: sample(level) * Float(scale), told: Float(log(sigma) / 4))
    expectClose(try #require(seen).floats(), clean.floats(), atol: 1e-4, "told σ \(sigma)")
  }

  @Test func noiseAloneTellsNothing() throws {
    let schedule = #"{"rescale_betas_zero_snr": true, "timestep_spacing": "trailing", "prediction_type": "#
    for (type, isKnown) in [("\"epsilon\"", false), ("\"v_prediction\"", true), ("\"sample\"", true)] {
      let denoised = Denoised(try config(schedule + type + "}"))
      #expect((denoised.clean(noise, seen: noise, told: 999) != nil) == isKnown, "\(type)")
    }
  }
}
