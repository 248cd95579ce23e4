import Diffusion
import TensorCore
import TestSupport
import Testing

@Suite struct NoiseScheduleTests {
  /// Stable Diffusion's schedule; expected numbers computed in float64 from
  /// `β_i = (√β₀ + (√β₁ − √β₀) i / 999)²`, `ᾱ_t = Π (1 − β_i)`.
  static let stableDiffusion = NoiseSchedule(
    .scaledLinear, start: 0.00085, end: 0.012, trainSteps: 1000, zeroTerminalSNR: false,
    predictionType: .epsilon)

  /// A product of a thousand float32 factors is off by about √1000 · 6e-8.
  @Test(arguments: [
    (0, 0.999150000), (1, 0.998296028), (499, 0.277669650), (981, 0.005775500),
    (999, 0.004660099),
  ])
  func signalShare(t: Int, expected: Double) {
    let found = Double(Self.stableDiffusion.alphasCumprod[t])
    #expect(abs(found - expected) <= 5e-6 * expected, "ᾱ[\(t)] is \(found)")
  }

  /// At t 0, `1 − ᾱ` keeps four digits of float32; elsewhere six.
  @Test(arguments: [(0, 0.02916716, 1e-4), (981, 13.120411, 5e-6), (999, 14.61464123, 5e-6)])
  func noiseLevel(t: Int, expected: Double, tolerance: Double) {
    let found = Self.stableDiffusion.sigma(t)
    #expect(abs(found - expected) <= tolerance * expected, "σ[\(t)] is \(found)")
  }

  /// Rescaling keeps the first step and leaves no signal in the last.
  @Test func zeroTerminalSNR() {
    let plain = Self.stableDiffusion
    let rescaled = NoiseSchedule(
      .scaledLinear, start: 0.00085, end: 0.012, trainSteps: 1000, zeroTerminalSNR: true,
      predictionType: .velocity)
    #expect(rescaled.alphasCumprod[999] == 0)
    expectClose([rescaled.alphasCumprod[0]], [plain.alphasCumprod[0]], rtol: 1e-6, "ᾱ[0]")
    // s' = (s − s_T) s₀ / (s₀ − s_T), s = √ᾱ.
    let s = plain.alphasCumprod.map { Double($0).squareRoot() }
    let expected = s.map { value in
      let moved = (value - s[999]) * s[0] / (s[0] - s[999])
      return Float(moved * moved)
    }
    // Betas go through 1 − ᾱ_t/ᾱ_{t−1} in float32, which costs the small shares their last digits.
    expectClose(rescaled.alphasCumprod, expected, atol: 1e-6, rtol: 1e-4, "rescaled ᾱ")
  }

  /// Nichol & Dhariwal's schedule starts at no noise and is nearly symmetric.
  @Test func cosine() {
    let schedule = NoiseSchedule(
      .cosine, start: 0.0001, end: 0.02, trainSteps: 1000, zeroTerminalSNR: false,
      predictionType: .epsilon)
    #expect(schedule.betas[999] == 0.999)
    #expect(zip(schedule.alphasCumprod, schedule.alphasCumprod.dropFirst()).allSatisfy { $0 > $1 })
    // cos²((0.5 + 0.008)/1.008 · π/2) / cos²(0.008/1.008 · π/2), at the end of timestep 499.
    expectClose([schedule.alphasCumprod[499]], [0.4938435], rtol: 1e-5, "ᾱ[499]")
  }

  @Test(arguments: PredictionType.allCases)
  func noisySamplesAndTargets(type: PredictionType) {
    let schedule = NoiseSchedule(betas: [0.36, 0.4375], predictionType: type)
    // ᾱ = 0.64, 0.36: roots are 0.8 and 0.6.
    let clean = Tensor([1, 2, 3, 4] as [Float], shape: [2, 2])
    let noise = Tensor([10, 20, 30, 40] as [Float], shape: [2, 2])
    let noisy = schedule.addNoise(clean, noise: noise, timesteps: [0, 1])
    expectClose(noisy.floats(), [6.8, 13.6, 25.8, 34.4], rtol: 1e-6, "noisy")
    let target = schedule.target(clean: clean, noise: noise, timesteps: [0, 1]).floats()
    let expected: [Float] =
      switch type {
      case .epsilon: [10, 20, 30, 40]
      case .sample: [1, 2, 3, 4]
      case .velocity: [7.4, 14.8, 15.6, 20.8]
      case .flow: [9, 18, 27, 36]
      }
    expectClose(target, expected, rtol: 1e-5, "target")
  }
}
