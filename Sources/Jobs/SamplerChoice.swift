import Diffusion

/// The sampler and schedule behind names of any program.
public struct SamplerChoice: Sendable, Equatable {
  public var sampler: SamplerName
  /// nil for the model's own.
  public var schedule: ScheduleName?

  /// - Parameters:
  ///   - name: of a sampler, with or without a schedule at its end ("DPM++ 2M Karras").
  ///   - schedule: wins over the ending.
  /// - Throws: for names that are none, and for a schedule that does not go with the sampler.
  public init(_ name: String, schedule: String? = nil) throws(SamplerError) {
    let parsed = try SamplerName.parse(name)
    sampler = parsed.sampler
    let chosen: ScheduleName?
    if let schedule { chosen = try ScheduleName(parsing: schedule) } else { chosen = parsed.schedule }
    self.schedule = chosen == .default ? nil : chosen
    try sampler.check(self.schedule)
  }
}
