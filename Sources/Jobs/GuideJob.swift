import Conditioning
import Generation
import Images

/// Networks that pull a picture towards a class or its prompt; nil leaves a value to the layer below.
public struct GuideJob: Sendable, Equatable {
  /// A classifier of noisy samples: its folder, or a name that is looked up.
  public var classifier: String?
  /// The class it pulls towards, one of its names.
  public var className: String?
  /// How strongly (1).
  public var classifierScale: Float?
  /// A contrastive model that pulls towards the prompt: its folder, or a name that is looked up.
  public var contrastive: String?
  /// How strongly (1).
  public var guideScale: Float?

  public init() {}

  /// These settings with another's values over their own.
  func overlaid(by upper: GuideJob) -> GuideJob {
    var job = self
    // A class is one of its classifier's.
    if let name = upper.classifier, name != classifier { job.className = nil }
    job.classifier = upper.classifier ?? job.classifier
    job.className = upper.className ?? job.className
    job.classifierScale = upper.classifierScale ?? job.classifierScale
    job.contrastive = upper.contrastive ?? job.contrastive
    job.guideScale = upper.guideScale ?? job.guideScale
    return job
  }

  /// The class a request is pulled towards.
  var classGuidance: ClassGuidance? {
    guard classifier != nil, let className else { return nil }
    return ClassGuidance(className, scale: classifierScale ?? 1)
  }

  /// How strongly a contrastive model pulls a request; nil without one.
  var contrastiveScale: Float? { contrastive == nil ? nil : guideScale ?? 1 }

  /// Throws for values no network can work with.
  func check() throws(GenerationError) {
    try ClassGuidance.check("--classifier-scale", classifierScale)
    try ClassGuidance.check("--guide-scale", guideScale)
  }

  /// Throws for a setting of this layer that has nothing to act on.
  /// - Parameter whole: all layers over each other.
  func checkUse(in whole: GuideJob) throws(JobError) {
    if className != nil, whole.classifier == nil { throw .idle(name: "--class", needs: "--classifier FOLDER") }
    if classifierScale != nil, whole.classifier == nil {
      throw .idle(name: "--classifier-scale", needs: "--classifier FOLDER and --class NAME")
    }
    if guideScale != nil, whole.contrastive == nil { throw .idle(name: "--guide-scale", needs: "--guide FOLDER") }
    try checkWhole(whole)
  }

  /// Throws for a classifier without a class.
  private func checkWhole(_ whole: GuideJob) throws(JobError) {
    if classifier != nil, whole.className == nil {
      throw .missing(what: "what --classifier pulls towards", advice: "name it with --class")
    }
  }

  /// Throws unless the settings, all layers over each other, are complete.
  func checkComplete() throws(JobError) { try checkUse(in: self) }
}

/// Names of the metadata about networks that guide.
enum GuideField {
  static let classifier = "Classifier"
  static let classifierHash = "Classifier hash"
  static let className = "Classifier class"
  static let classifierScale = "Classifier scale"
  static let contrastive = "Guide"
  static let contrastiveHash = "Guide hash"
  static let guideScale = "Guide scale"
}

extension GuideJob {
  /// What decides the picture, for the metadata.
  /// - Parameter files: of the networks as they were found.
  func fields(_ files: GuideFiles) -> [GenerationParameters.Field] {
    var fields: [GenerationParameters.Field] = []
    if let url = files.classifier, let guidance = classGuidance {
      fields.append((GuideField.classifier, NamedFiles.name(of: url.path)))
      if let hash = ModelHash.short(url) { fields.append((GuideField.classifierHash, hash)) }
      fields += [(GuideField.className, guidance.className), (GuideField.classifierScale, "\(guidance.scale)")]
    }
    if let url = files.contrastive, let scale = contrastiveScale {
      fields.append((GuideField.contrastive, NamedFiles.name(of: url.path)))
      if let hash = ModelHash.short(url) { fields.append((GuideField.contrastiveHash, hash)) }
      fields.append((GuideField.guideScale, "\(scale)"))
    }
    return fields
  }
}
