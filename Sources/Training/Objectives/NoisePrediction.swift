import Diffusion
import TensorCore

/// The loss of every diffusion model here: the squared error of what a network predicts from noisy samples (Ho et al. 2020,
/// eq. 14; Salimans & Ho 2022 for v).
public struct NoisePrediction: Sendable {
  public let schedule: NoiseSchedule
  /// How timesteps are drawn.
  public var timesteps = TimestepSampling()
  /// Largest signal-to-noise ratio that counts: steps with little noise weigh less (Hang et al. 2023, §3.4); nil for none.
  public var minSNRGamma: Float?
  /// Deviation of noise that is the same all over a channel, which teaches dark and bright pictures; 0 for none.
  public var noiseOffset: Float = 0
  /// Arithmetic of the network.
  public let dtype: DType

  public init(_ schedule: NoiseSchedule, dtype: DType) { (self.schedule, self.dtype) = (schedule, dtype) }

  /// Samples with noise in them, and what the network should say of them.
  struct Noised {
    let noisy, target: Tensor
    let timesteps: [Int]
  }

  /// Mixes noise into samples.
  /// - Parameter timesteps: one for each row; nil draws them.
  func noised(_ clean: Tensor, timesteps: [Int]? = nil, random: inout [ExampleRandom]) -> Noised {
    let steps =
      timesteps ?? random.indices.map { self.timesteps.draw(&random[$0], count: schedule.trainSteps) }
    var noise = random.normal(like: clean.shape)
    if noiseOffset != 0 {
      let flat = [clean.shape[0]] + Array(repeating: 1, count: clean.rank - 2) + [clean.shape[clean.rank - 1]]
      noise = noise + random.normal(like: flat) * noiseOffset
    }
    return Noised(
      noisy: schedule.addNoise(clean, noise: noise, timesteps: steps),
      target: schedule.target(clean: clean, noise: noise, timesteps: steps), timesteps: steps)
  }

  /// The mean loss over samples.
  /// - Parameters:
  ///   - clean: `[B, .., C]`.
  ///   - timesteps: one for each row; nil draws them.
  ///   - weights: what each row counts; nil for 1.
  ///   - mask: `[B, .., 1]`, what each place counts; nil for 1.
  ///   - target: what the network should say of noisy samples in place of what was mixed: a teacher's word.
  ///   - predict: the network, from noisy samples in `dtype` and their timesteps.
  public func loss(
    _ clean: Tensor, timesteps: [Int]? = nil, weights: [Float]? = nil, mask: Tensor? = nil,
    random: inout [ExampleRandom], target: (_ noisy: Tensor, _ timesteps: [Int]) -> Tensor? = { _, _ in nil },
    predict: (_ noisy: Tensor, _ timesteps: [Float]) throws -> Tensor
  ) rethrows -> Tensor {
    let sample = noised(clean, timesteps: timesteps, random: &random)
    let target = target(sample.noisy, sample.timesteps) ?? sample.target
    let output = try predict(sample.noisy.cast(to: dtype), sample.timesteps.map(Float.init)).cast(to: .f32)
    var error = (output - target).squared
    if let mask { error = error * mask }
    if let factors = rowFactors(sample.timesteps, weights) {
      error = error * Tensor(factors, shape: [factors.count] + Array(repeating: 1, count: clean.rank - 1))
    }
    return error.mean()
  }

  /// What each row's error is multiplied by; nil if by nothing.
  private func rowFactors(_ timesteps: [Int], _ weights: [Float]?) -> [Float]? {
    guard let gamma = minSNRGamma else { return weights }
    let factors = timesteps.map { Self.minSNRFactor(schedule, $0, gamma: gamma) }
    return weights.map { zip($0, factors).map { $0 * $1 } } ?? factors
  }

  /// `min(SNR, γ)` over what the prediction type's error already holds (SNR for noise, SNR + 1 for v, 1 for samples): an error
  /// of the output is one of the clean sample over `Denoised.slope`.
  static func minSNRFactor(_ schedule: NoiseSchedule, _ timestep: Int, gamma: Float) -> Float {
    let bar = schedule.alphasCumprod[timestep]
    guard bar < 1 else { return 0 }
    // Without any signal left the quotient's limit is 1 for noise.
    guard bar > 0 else { return schedule.predictionType == .epsilon ? 1 : 0 }
    let slope = Float(Denoised(schedule).slope(NoiseLevel(bar: Double(bar))))
    return min(bar / (1 - bar), gamma) * slope * slope
  }
}
