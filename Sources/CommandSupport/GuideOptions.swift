import ArgumentParser
import Generation
import Jobs

/// Flags that name networks which pull pictures towards something, besides guidance by the prompt.
public struct GuideOptions: ParsableArguments {
  @Option(
    help: "A classifier of noisy latents that pulls pictures towards --class: its folder (docs/guidance.md).",
    completion: .directory)
  public var classifier: String?
  @Option(name: .customLong("class"), help: "The classifier's class.") public var className: String?
  @Option(
    parsing: .unconditional, help: "How strongly it pulls; 1 is Bayes' rule, more sharpens (1).", transform: single)
  public var classifierScale: Float?
  @Option(
    help: "A contrastive model that pulls pictures towards the prompt: its folder, or a name such as contrastive.",
    completion: .directory)
  public var guide: String?
  @Option(parsing: .unconditional, help: "How strongly it pulls (1).", transform: single)
  public var guideScale: Float?

  public init() {}

  /// Sets what was given.
  func fill(_ job: inout PictureJob) {
    (job.guides.classifier, job.guides.className) = (classifier, className)
    job.guides.classifierScale = classifierScale
    (job.guides.contrastive, job.guides.guideScale) = (guide, guideScale)
  }
}
