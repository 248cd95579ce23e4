import ArgumentParser
import Jobs

/// Flags for pictures between two prompts or seeds.
public struct StripOptions: ParsableArguments {
  @Option(help: "A second prompt: the end of a strip, or mixed in by --to-share.") public var toPrompt: String?
  @Option(parsing: .unconditional, help: "A second seed: the end of a strip.", transform: seedOption)
  public var toSeed: SeedChoice?
  @Option(
    parsing: .unconditional,
    help: "Pictures of a strip from the first prompt and seed to the second ones, ends included.",
    transform: whole)
  public var frames: Int?
  @Option(
    parsing: .unconditional, help: "One picture with so much of the second prompt, 0 to 1.", transform: decimal)
  public var toShare: Double?

  public init() {}

  public func validate() throws {
    guard toSeed != .drawn else { throw ValidationError("--to-seed -1: a strip ends at a seed that is named") }
  }

  /// Sets what was given.
  func fill(_ job: inout PictureJob) {
    (job.toPrompt, job.toSeed, job.frames, job.blendShare) = (toPrompt, toSeed?.value, frames, toShare)
  }
}
