import Foundation

extension SigmaSchedule {
  /// The schedule with a level put into each step but one to no noise, halfway in ln σ to where the step's
  /// deterministic part ends.
  /// - Parameter target: that end for a step from one level to the next.
  func withMidpoints(_ table: SigmaTable, target: (_ sigma: Double, _ next: Double) -> Double) -> SigmaSchedule {
    var all = SigmaSchedule(timesteps: [], sigmas: [])
    for i in timesteps.indices {
      all.timesteps.append(timesteps[i])
      all.sigmas.append(sigmas[i])
      let end = target(sigmas[i], sigmas[i + 1])
      guard end > 0 else { continue }
      let middle = Double(Float((sigmas[i] * end).squareRoot()))
      all.sigmas.append(middle)
      all.timesteps.append(table.timestep(of: middle))
    }
    all.sigmas.append(sigmas[sigmas.count - 1])
    return all
  }
}
