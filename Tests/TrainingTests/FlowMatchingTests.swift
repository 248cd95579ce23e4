import Diffusion
import Foundation
import TensorCore
import Testing
import Training

/// What a network is taught by flow matching.
@Suite struct FlowMatchingTests {
  private func scheduler(_ text: String) throws -> SchedulerConfig {
    try JSONDecoder().decode(SchedulerConfig.self, from: Data(text.utf8))
  }

  private func flow(shift: Double = 1) throws -> SchedulerConfig {
    try scheduler(#"{"_class_name": "FlowMatchEulerDiscreteScheduler", "shift": \#(shift)}"#)
  }

  private func random(_ count: Int) -> [ExampleRandom] {
    (0..<count).map { ExampleRandom(seed: 7, example: $0, epoch: 0) }
  }

  private func loss(_ times: TimestepSampling = TimestepSampling(), shift: Double = 1) throws -> FlowMatching {
    FlowMatching(try #require(try flow(shift: shift).flow), times: times, dtype: .f32)
  }

  /// Logits of shifted times lie ln(shift) higher (Esser et al. 2024, eq. 23), so that the two settings are told apart by
  /// their mean and deviation.
  @Test func timesAreLogitNormalAndShifted() throws {
    let loss = try loss(TimestepSampling(.logitNormal, mean: 0.3, deviation: 0.8), shift: 3)
    var random = random(4000)
    let logits = random.indices.map { row in
      let t = Double(loss.time(&random[row]))
      return log(t / (1 - t))
    }
    let mean = logits.reduce(0, +) / 4000
    let deviation = (logits.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 4000).squareRoot()
    // 4000 numbers of deviation 0.8: the mean is known to 0.013, the deviation to 0.009.
    #expect(abs(mean - 0.3 - log(3)) < 0.05 && abs(deviation - 0.8) < 0.04, "\(mean) \(deviation)")
  }

  @Test func timesAreEvenWithinOneAndNothing() throws {
    let loss = try loss()
    var random = random(4000)
    let times = random.indices.map { loss.time(&random[$0]) }.sorted()
    #expect(times[0] > 0 && times[3999] < 1)
    for (index, time) in times.enumerated() { #expect(abs(time - Float(index) / 4000) < 0.04) }
  }

  /// The network sees the straight way and should say where it leads: one that does makes no error, one that says nothing
  /// makes that of noise and sample.
  @Test func targetIsTheWay() throws {
    let loss = try loss(shift: 2)
    let clean = Tensor(repeating: 0.5, shape: [64, 4, 4, 2])
    var (first, second) = (random(64), random(64))
    let perfect = try loss.loss(of: clean, random: &first) { noisy, told in
      #expect(told.count == 64 && told.allSatisfy { $0 > 0 && $0 < 1000 })
      return (noisy - clean) * Tensor(told.map { 1000 / $0 }, shape: [64, 1, 1, 1])
    }
    // At the smallest times a quotient of small numbers keeps three digits.
    #expect(perfect.scalar < 1e-5, "\(perfect.scalar)")
    let silent = try loss.loss(of: clean, random: &second) { noisy, _ in noisy * 0 }
    #expect(abs(silent.scalar - 1.25) < 0.1, "\(silent.scalar)")
  }

  /// The scheduler says which loss it is.
  @Test func schedulerChoosesTheLoss() throws {
    #expect(try flow().denoisingLoss(times: nil, dtype: .f32) is FlowMatching)
    let usual = try scheduler(#"{"_class_name": "DDPMScheduler", "clip_sample": false}"#)
    #expect(try usual.denoisingLoss(times: nil, dtype: .f32) is NoisePrediction)
    let edm = try scheduler(#"{"_class_name": "EDMEulerScheduler"}"#)
    #expect(throws: SamplerError.self) { try edm.denoisingLoss(times: nil, dtype: .f32) }
    // Recipes that know only timesteps do not take a flow for one of them.
    #expect(throws: SamplerError.self) { _ = try flow().trainingSchedule }
    var (first, second) = (random(8), random(8))
    let clean = Tensor(repeating: 0.5, shape: [8, 4, 4, 2])
    let prediction = NoisePrediction(try usual.trainingSchedule, dtype: .f32)
    let one = prediction.loss(clean, random: &first) { noisy, _ in noisy }
    let other = try usual.denoisingLoss(times: nil, dtype: .f32).loss(of: clean, random: &second) { noisy, _ in noisy }
    #expect(one.scalar == other.scalar && one.scalar > 0)
  }
}
