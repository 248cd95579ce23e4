import Foundation
import TensorCore

/// What a denoising network's output means.
public enum PredictionType: String, Codable, Sendable, CaseIterable {
  /// The noise (Ho et al. 2020).
  case epsilon
  /// `√ᾱ · noise − √(1 − ᾱ) · clean` (Salimans & Ho 2022).
  case velocity = "v_prediction"
  /// The clean sample.
  case sample
  /// `noise − clean`, the velocity of a rectified flow (Liu et al. 2023; Lipman et al. 2023).
  case flow = "flow_prediction"
}

/// How much of the clean sample is left at each of the training timesteps.
public struct NoiseSchedule: Sendable {
  /// Shapes of the noise variances β.
  public enum BetaSchedule: String, Codable, Sendable, CaseIterable {
    case linear
    /// Linear in √β: Stable Diffusion's.
    case scaledLinear = "scaled_linear"
    /// Cosine in ᾱ, β capped at 0.999 (Nichol & Dhariwal 2021, eq. 17).
    case cosine = "squaredcos_cap_v2"
    /// A logistic curve from −6 to 6, between the two ends.
    case sigmoid
  }

  /// `ᾱ_t`, the share of the clean signal's variance left at timestep t.
  public let alphasCumprod: [Float]
  public let betas: [Float]
  public let predictionType: PredictionType

  public var trainSteps: Int { alphasCumprod.count }

  /// - Parameters:
  ///   - zeroTerminalSNR: rescales so that nothing of the signal is left at the last step (Lin et al. 2024, alg. 1).
  public init(
    _ kind: BetaSchedule, start: Double, end: Double, trainSteps: Int, zeroTerminalSNR: Bool,
    predictionType: PredictionType
  ) {
    var betas = Self.betas(kind, start: start, end: end, count: trainSteps)
    if zeroTerminalSNR { betas = Self.rescaledToZeroTerminalSNR(betas) }
    self.init(betas: betas, predictionType: predictionType)
  }

  /// A schedule of given variances.
  public init(betas: [Float], predictionType: PredictionType) {
    self.betas = betas
    self.predictionType = predictionType
    alphasCumprod = Self.cumulativeProducts(betas.map { 1 - $0 })
  }

  /// Running products. torch keeps them in double precision and rounds each result.
  private static func cumulativeProducts(_ factors: [Float]) -> [Float] {
    var product = 1.0
    return factors.map { factor in
      product *= Double(factor)
      return Float(product)
    }
  }

  private static func betas(_ kind: BetaSchedule, start: Double, end: Double, count: Int) -> [Float] {
    switch kind {
    case .linear: return linspace(Float(start), Float(end), count)
    case .scaledLinear:
      return linspace(Float(start.squareRoot()), Float(end.squareRoot()), count).map { $0 * $0 }
    case .cosine:
      func alphaBar(_ time: Double) -> Double {
        let c = cos((time + 0.008) / 1.008 * .pi / 2)
        return c * c
      }
      return (0..<count).map { i in
        let (t1, t2) = (Double(i) / Double(count), Double(i + 1) / Double(count))
        return Float(min(1 - alphaBar(t2) / alphaBar(t1), 0.999))
      }
    case .sigmoid:
      return linspace(-6, 6, count).map { Float(end - start) / (1 + exp(-$0)) + Float(start) }
    }
  }

  /// `count` values from `start` to `end`, computed from both ends with one rounding each, as torch does.
  static func linspace(_ start: Float, _ end: Float, _ count: Int) -> [Float] {
    guard count > 1 else { return [start] }
    let step = (end - start) / Float(count - 1)
    return (0..<count).map { i in
      i < count / 2
        ? start.addingProduct(step, Float(i)) : end.addingProduct(-step, Float(count - 1 - i))
    }
  }

  private static func rescaledToZeroTerminalSNR(_ betas: [Float]) -> [Float] {
    var roots = cumulativeProducts(betas.map { 1 - $0 }).map { $0.squareRoot() }
    let (first, last) = (roots[0], roots[roots.count - 1])
    roots = roots.map { ($0 - last) * (first / (first - last)) }
    let bars = roots.map { $0 * $0 }
    return bars.indices.map { i in 1 - (i == 0 ? bars[0] : bars[i] / bars[i - 1]) }
  }

  /// `√((1 − ᾱ) / ᾱ)` at a training timestep: the noise level in units of the clean sample.
  public func sigma(_ t: Int) -> Double {
    let bar = Double(alphasCumprod[t])
    return ((1 - bar) / bar).squareRoot()
  }

  /// Noisy samples `√ᾱ x + √(1 − ᾱ) n`, a timestep for each row.
  public func addNoise(_ clean: Tensor, noise: Tensor, timesteps: [Int]) -> Tensor {
    let (signal, sigma) = coefficients(timesteps, rank: clean.rank)
    return clean * signal + noise * sigma
  }

  /// What the network is trained to output for these samples.
  public func target(clean: Tensor, noise: Tensor, timesteps: [Int]) -> Tensor {
    let (signal, sigma) = coefficients(timesteps, rank: clean.rank)
    return predictionType.target(clean: clean, noise: noise, signal: signal, sigma: sigma)
  }

  /// What a network should say of noisy samples, so that a clean sample is what is seen in them.
  package func target(clean: Tensor, noisy: Tensor, timesteps: [Int]) -> Tensor {
    let (signal, sigma) = coefficients(timesteps, rank: clean.rank)
    return predictionType.target(
      clean: clean, noise: (noisy - clean * signal) / sigma, signal: signal, sigma: sigma)
  }

  /// `√ᾱ` and `√(1 − ᾱ)` for each row, shaped to multiply a batch.
  private func coefficients(_ timesteps: [Int], rank: Int) -> (Tensor, Tensor) {
    let shape = [timesteps.count] + Array(repeating: 1, count: rank - 1)
    let bars = timesteps.map { alphasCumprod[$0] }
    return (
      Tensor(bars.map { $0.squareRoot() }, shape: shape),
      Tensor(bars.map { (1 - $0).squareRoot() }, shape: shape)
    )
  }
}
