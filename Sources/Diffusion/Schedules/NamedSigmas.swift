import Foundation

/// Noise levels by k-diffusion's and AUTOMATIC1111's conventions: over the model's whole table, falling, then 0.
enum NamedSigmas {
  /// - Parameters:
  ///   - name: one with `isSigmaList`.
  ///   - ays: the levels of `ays`.
  ///   - dropsNextToLast: leaves out the level before the last of one step more, as AUTOMATIC1111 does for some
  ///     samplers.
  static func schedule(
    _ name: ScheduleName, _ table: SigmaTable, steps: Int, ays: AlignYourSteps, dropsNextToLast: Bool, sampler: String
  ) throws(SamplerError) -> SigmaSchedule {
    let limit = table.sigmas.count - 1
    guard steps >= 1, steps <= limit else { throw .badSteps(sampler: sampler, steps: steps, limit: limit) }
    var sigmas = levels(name, table, count: dropsNextToLast ? steps + 1 : steps, ays: ays)
    if dropsNextToLast, sigmas.count > 2 { sigmas.remove(at: sigmas.count - 2) }
    return SigmaSchedule(timesteps: sigmas.dropLast().map { table.timestep(of: $0) }, sigmas: sigmas)
  }

  private static func levels(_ name: ScheduleName, _ table: SigmaTable, count n: Int, ays: AlignYourSteps) -> [Double] {
    let (low, high) = (table.smallest, table.largest)
    let top = Double(table.sigmas.count - 1)
    switch name {
    case .karras: return karras(from: high, to: low, count: n) + [0]
    case .exponential, .polyexponential:
      return NoiseSchedule.linspace(Float(log(high)), Float(log(low)), n).map { Double(exp($0)) } + [0]
    case .beta: return Spread.beta.sigmas(from: high, to: low, count: n) + [0]
    case .sgmUniform:
      return TimestepSpacing.linspace(top, 0, n + 1).dropLast().map { table.sigmaInLog(at: $0) } + [0]
    case .simple:
      let step = Double(table.sigmas.count) / Double(n)
      return (0..<n).map { table.sigmas[table.sigmas.count - 1 - Int(Double($0) * step)] } + [0]
    case .ays:
      return resampled(ays.sigmas, count: n) + [0]
    case .klOptimal:
      // The only one that ends at the table's smallest level.
      return (0...n).map { i in
        let share = Double(i) / Double(n)
        return tan(share * atan(low) + (1 - share) * atan(high))
      }
    case .ddim:
      let step = max(table.sigmas.count / n, 1)
      return stride(from: 1, to: table.sigmas.count, by: step).reversed().map { table.sigmas[$0] } + [0]
    case .uniform, .normal, .default, .leading, .trailing, .linspace:
      return TimestepSpacing.linspace(top, 0, n).map { table.sigmaInLog(at: $0) } + [0]
    }
  }

  /// Karras et al. 2022, eq. 5, ρ = 7, in float32 as k-diffusion computes it: a Brownian path has another value at every
  /// other level.
  static func karras(from high: Double, to low: Double, count: Int) -> [Double] {
    let (start, end) = (pow(high, 1 / 7), pow(low, 1 / 7))
    return NoiseSchedule.linspace(0, 1, count).map { Double(pow(Float(start) + $0 * Float(end - start), 7)) }
  }

  /// A list of levels at another length, linear in ln σ.
  private static func resampled(_ levels: [Double], count: Int) -> [Double] {
    guard count != levels.count else { return levels }
    let last = Double(levels.count - 1)
    return TimestepSpacing.linspace(0, 1, count).map { position in
      let place = min(position * last, last)
      let low = min(Int(place), levels.count - 2)
      let w = place - Double(low)
      return exp((1 - w) * log(levels[low]) + w * log(levels[low + 1]))
    }
  }
}
