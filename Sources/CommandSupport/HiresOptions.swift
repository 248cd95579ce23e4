import ArgumentParser
import Generation
import Jobs

/// Flags of the second pass at a larger size.
public struct HiresOptions: ParsableArguments {
  @Option(parsing: .unconditional, help: "A second pass at so many times the size.", transform: decimal)
  public var hiresScale: Double?
  @Option(
    help: "A second pass at this size, WIDTHxHEIGHT; 0 for a side that follows the other. What juts out is cut off.",
    transform: setting("hires-resize", \.hiresResize))
  public var hiresResize: PixelSize?
  @Option(
    parsing: .unconditional,
    help: "Steps of the second pass, of which --hires-denoise is the share that runs (the first's).",
    transform: whole)
  public var hiresSteps: Int?
  @Option(parsing: .unconditional, help: "Strength of the second pass, 0 to 1 (0.7).", transform: decimal)
  public var hiresDenoise: Double?
  @Option(help: "What enlarges for it: latent or lanczos (latent).", transform: named)
  public var hiresUpscaler: HiresFix.Upscaler?
  @Option(help: "The second pass's sampler (the first's).") public var hiresSampler: String?
  @Option(help: "The second pass's noise levels (the first's).") public var hiresSchedule: String?
  @Option(help: "The second pass's prompt (the first's).") public var hiresPrompt: String?
  @Option(help: "What the second pass must not show (as the first).") public var hiresNegative: String?
  @Option(parsing: .unconditional, help: "The second pass's guidance scale (the first's).", transform: single)
  public var hiresCfg: Float?

  public init() {}

  public func validate() throws {
    guard hiresScale == nil || hiresResize == nil else {
      throw ValidationError("give --hires-scale or --hires-resize, not both")
    }
  }

  /// Whether a second pass is asked for.
  public var isOn: Bool { hiresScale != nil || hiresResize != nil }

  /// Sets what was given.
  func fill(_ job: inout PictureJob) {
    (job.hiresScale, job.hiresResize, job.hiresSteps) = (hiresScale, hiresResize, hiresSteps)
    (job.hiresDenoise, job.hiresUpscaler) = (hiresDenoise, hiresUpscaler)
    (job.hiresSampler, job.hiresSchedule, job.hiresCFG) = (hiresSampler, hiresSchedule, hiresCfg)
    (job.hiresPrompt, job.hiresNegativePrompt) = (hiresPrompt, hiresNegative)
  }
}
