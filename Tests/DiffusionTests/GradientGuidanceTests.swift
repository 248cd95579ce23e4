import Diffusion
import Foundation
import TensorCore
import TestSupport
import Testing

/// Guidance by a gradient on data whose scores are known: two equally likely classes, Gaussian around ±m.
///
/// The exact prediction for both together, moved by the exact `∇ log p(class | x)`, is the exact prediction for one alone,
/// whatever is predicted.
@Suite struct GradientGuidanceTests {
  private let mean = 0.8
  private let deviation = 0.3
  private let points: [Double] = [-2.5, -0.7, -0.1, 0, 0.4, 1.3]

  /// What a network of a type predicts where the clean sample is expected to be `clean`, of a sample of signal a and noise s.
  private func output(_ type: PredictionType, _ x: Double, clean: Double, _ a: Double, _ s: Double) -> Double {
    let noise = (x - a * clean) / s
    return switch type {
    case .epsilon: noise
    case .sample: clean
    case .velocity: a * noise - s * clean
    case .flow: noise - clean
    }
  }

  @Test(arguments: PredictionType.allCases, [0, 50, 400, 800, 950])
  func bothClassesBecomeOne(type: PredictionType, timestep: Int) {
    let schedule = NoiseSchedule(
      .linear, start: 0.0001, end: 0.02, trainSteps: 1000, zeroTerminalSNR: false, predictionType: type)
    let bar = Double(schedule.alphasCumprod[timestep])
    expectOneClass(
      Denoised(schedule), type, told: Float(timestep), signal: bar.squareRoot(), noise: (1 - bar).squareRoot())
  }

  /// A flow's samples are `(1 − t) · clean + t · noise`.
  @Test(arguments: [10, 250, 500, 900] as [Float]) func bothClassesBecomeOneOnAFlow(timestep: Float) throws {
    let config = try JSONDecoder().decode(
      SchedulerConfig.self, from: Data(#"{"_class_name": "FlowMatchEulerDiscreteScheduler", "shift": 3}"#.utf8))
    let time = Double(timestep) / 1000
    expectOneClass(Denoised(config), .flow, told: timestep, signal: 1 - time, noise: time)
  }

  private func expectOneClass(
    _ denoised: Denoised, _ type: PredictionType, told timestep: Float, signal a: Double, noise s: Double
  ) {
    let variance = deviation * deviation * a * a + s * s
    var (both, one, gradient) = ([Double](), [Double](), [Double]())
    for x in points {
      // Of each class: the expected clean sample, and how likely it is that x is of the first.
      func clean(_ m: Double) -> Double { m + deviation * deviation * a / variance * (x - a * m) }
      let p = 1 / (1 + exp(-2 * a * mean * x / variance))
      both.append(output(type, x, clean: p * clean(mean) + (1 - p) * clean(-mean), a, s))
      one.append(output(type, x, clean: clean(mean), a, s))
      gradient.append((1 - p) * 2 * a * mean / variance)
    }
    func tensor(_ values: [Double]) -> Tensor { Tensor(values.map(Float.init), shape: [1, 1, 1, values.count]) }
    let moved = GradientGuidance(denoised).moved(
      tensor(both), along: tensor(gradient), scale: 1, timestep: timestep)
    // Divided by √ᾱ, which is 0.02 at the last of these steps, where float32 keeps five digits.
    expectClose(moved.floats(), one.map(Float.init), atol: 2e-4, rtol: 2e-4, "\(type) at \(timestep)")
  }

  @Test func factorsOfTimestepsBetween() {
    let schedule = NoiseSchedule(
      .linear, start: 0.0001, end: 0.02, trainSteps: 1000, zeroTerminalSNR: false, predictionType: .velocity)
    let guidance = GradientGuidance(Denoised(schedule))
    let (low, high) = (-guidance.factor(at: 500), -guidance.factor(at: 501))
    // σ, even in its logarithm.
    expectClose([Float(-guidance.factor(at: 500.5))], [Float((low * high).squareRoot())], rtol: 1e-5, "between")
    expectClose([Float(low)], [Float(schedule.sigma(500))], rtol: 1e-5, "σ")
  }

  /// Nothing can be told from a sample without signal, and the factor would be infinite.
  @Test func nothingIsAddedWithoutSignal() {
    let schedule = NoiseSchedule(
      .cosine, start: 0.0001, end: 0.02, trainSteps: 1000, zeroTerminalSNR: true, predictionType: .velocity)
    let guidance = GradientGuidance(Denoised(schedule))
    #expect(guidance.factor(at: 999) == 0)
    #expect(guidance.factor(at: 900) < -1)
    let output = Tensor([1, 2] as [Float], shape: [1, 1, 1, 2])
    let moved = guidance.moved(output, along: Tensor(repeating: 1e30, shape: output.shape), scale: 7, timestep: 999)
    #expect(moved.floats() == [1, 2])
  }
}
