import Foundation
import TensorCore

/// `D(x; σ)`: the clean sample that a network's output stands for. The one place where that is computed.
///
/// Clean sample and noise are sums of sample and output whose factors follow from what the network predicts and from how much
/// signal and noise the sample holds, in whatever scale: samples that keep their variance (`s² + n² = 1`), those that keep
/// their signal (`s = 1`), and those on the straight way of a flow (`s + n = 1`).
public struct Denoised: Sendable {
  /// What an output means.
  private enum Meaning: Sendable, Equatable {
    case epsilon, velocity, sample
    /// `noise − clean` (Lipman et al. 2023; Esser et al. 2024, eq. 13).
    case flow
    /// `F` of Karras et al. 2022, table 1.
    case edm(EDMSettings, isVelocity: Bool)
  }

  private let meaning: Meaning
  /// The levels behind what the network is told.
  private let levels: Levels

  /// What a network is told of the level.
  private enum Levels: Sendable {
    /// A timestep of a schedule, by its ᾱ.
    case timesteps([Float])
    /// `ln σ / 4`.
    case logSigma
    /// The noise's share, times so many.
    case share(Double)
  }

  /// - Parameter type: what the run takes every network's output for, whatever its configuration says.
  public init(_ config: SchedulerConfig, as type: PredictionType? = nil) {
    if (type ?? config.predictionType) == .flow {
      (meaning, levels) = (.flow, .share(Double(config.trainSteps)))
    } else if let edm = config.edm {
      (meaning, levels) = (.edm(edm, isVelocity: config.predictionType == .velocity), .logSigma)
    } else {
      let schedule = config.schedule
      meaning = Self.meaning(schedule.predictionType)
      levels = config.tellsLogSigma ? .logSigma : .timesteps(schedule.alphasCumprod)
    }
  }

  /// For a network on the timesteps of a schedule.
  public init(_ schedule: NoiseSchedule) {
    (meaning, levels) = (Self.meaning(schedule.predictionType), .timesteps(schedule.alphasCumprod))
  }

  private static func meaning(_ type: PredictionType) -> Meaning {
    switch type {
    case .epsilon: .epsilon
    case .velocity: .velocity
    case .sample: .sample
    case .flow: .flow
    }
  }

  /// Whether the output is the noise itself.
  var isNoise: Bool { meaning == .epsilon }

  // MARK: - Formulas

  /// What a sample is multiplied by for the network.
  /// - Parameter level: of the sample.
  func inputScale(_ level: NoiseLevel) -> Double {
    switch meaning {
    case .edm(let edm, _): edm.inputScale(level.noise / level.signal) / level.signal
    case .flow: 1 / (level.signal + level.noise)
    case .epsilon, .velocity, .sample: level.preservingScale
    }
  }

  /// What sample and output are multiplied by for the clean sample.
  private func factors(_ level: NoiseLevel) -> (sample: Double, output: Double) {
    let (s, n) = (level.signal, level.noise)
    switch meaning {
    case .sample: return (0, 1)
    case .epsilon: return (1 / s, -n / s)
    case .velocity:
      let r = level.preservingScale
      return (s * r * r, -(n * r))
    case .flow: return (1 / (s + n), -n / (s + n))
    case .edm(let edm, let isVelocity):
      let factors = edm.cleanFactors(n / s, isVelocity: isVelocity)
      return (factors.skip / s, factors.out)
    }
  }

  /// The clean sample in an output.
  /// - Parameters:
  ///   - output: what the network said.
  ///   - x: the sample in the scale of `level`.
  public func clean(_ output: Tensor, _ x: Tensor, level: NoiseLevel) -> Tensor {
    if meaning == .sample { return output }
    let factors = factors(level)
    return x.scaled(by: Float(factors.sample), adding: output, times: Float(factors.output))
  }

  /// How far the clean sample moves with the output.
  public func slope(_ level: NoiseLevel) -> Double { factors(level).output }

  /// The clean sample and the noise in an output.
  package func cleanAndNoise(_ output: Tensor, _ x: Tensor, level: NoiseLevel) -> (clean: Tensor, noise: Tensor) {
    let (s, n) = (level.signal, level.noise)
    let clean = clean(output, x, level: level)
    switch meaning {
    case .epsilon: return (clean, output)
    case .velocity:
      let r = level.preservingScale
      return (clean, output.scaled(by: Float(s * r), adding: x, times: Float(n * r * r)))
    case .flow: return (clean, x.scaled(by: Float(1 / (s + n)), adding: output, times: Float(s / (s + n))))
    case .sample, .edm: return (clean, x.scaled(by: Float(1 / n), adding: clean, times: Float(-s / n)))
    }
  }

  // MARK: - From what the network was told

  /// Signal and noise of a sample as the network sees it.
  /// - Parameter timestep: what it was told; may be fractional.
  public func level(told timestep: Float) -> NoiseLevel {
    switch levels {
    case .timesteps(let bars): NoiseLevel(bar: Double(bars[min(max(Int(timestep.rounded()), 0), bars.count - 1)]))
    case .share(let count): NoiseLevel(signal: 1 - Double(timestep) / count, noise: Double(timestep) / count)
    case .logSigma:
      if case .edm(let edm, _) = meaning {
        Self.seen(exp(4 * Double(timestep)), edm)
      } else {
        NoiseLevel(preservingSigma: exp(4 * Double(timestep)))
      }
    }
  }

  /// The deviation of the noise in units of the clean sample's scale, `√((1 - ᾱ) / ᾱ)`, or a flow's own `σ`, its share.
  /// - Parameter timestep: what the network is told; may be fractional.
  public func sigma(told timestep: Float) -> Double {
    switch levels {
    case .timesteps(let bars):
      let low = min(max(Int(timestep), 0), bars.count - 1)
      let neighbours = SigmaTable(Array(bars[low...min(low + 1, bars.count - 1)]))
      return neighbours.sigmaInLog(at: Double(timestep) - Double(low))
    case .logSigma: return exp(4 * Double(timestep))
    case .share(let count): return Double(timestep) / count
    }
  }

  /// Signal and noise of a sample, between timesteps too.
  /// - Parameter timestep: what the network is told.
  func exactLevel(told timestep: Float) -> NoiseLevel {
    if case .timesteps = levels { return NoiseLevel(preservingSigma: sigma(told: timestep)) }
    return level(told: timestep)
  }

  private static func seen(_ sigma: Double, _ edm: EDMSettings) -> NoiseLevel {
    let scale = edm.inputScale(sigma)
    return NoiseLevel(signal: scale, noise: scale * sigma)
  }

  /// The clean sample in an output, from the sample as the network saw it; nil where hardly any signal is left to tell it by.
  public func clean(_ output: Tensor, seen: Tensor, told timestep: Float) -> Tensor? {
    let level = level(told: timestep)
    return isNoise && level.signal <= 1e-3 ? nil : clean(output, seen, level: level)
  }
}

extension NoiseLevel {
  /// What brings a sample of this level to unit variance; exactly 1 where it has that but for rounding.
  fileprivate var preservingScale: Double {
    let variance = signal * signal + noise * noise
    return abs(variance - 1) < 1e-9 ? 1 : 1 / variance.squareRoot()
  }
}

extension PredictionType {
  /// What a network should say of a sample.
  /// - Parameters:
  ///   - signal, sigma: of each row, shaped to multiply a batch.
  func target(clean: Tensor, noise: Tensor, signal: Tensor, sigma: Tensor) -> Tensor {
    switch self {
    case .epsilon: noise
    case .sample: clean
    case .velocity: noise * signal - clean * sigma
    case .flow: noise - clean
    }
  }
}
