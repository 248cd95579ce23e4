import Conditioning
import Generation

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

  /// The class a request is pulled towards.
  var classGuidance: ClassGuidance? {
    guard classifier != nil, let className else { return nil }
    return ClassGuidance(className, scale: classifierScale ?? 1)
  }

  /// As they were used, for the metadata.
  /// - Parameter files: of the networks as they were found.
  func used(_ files: GuideFiles) -> GuideJob {
    var used = GuideJob()
    if let url = files.classifier, let guidance = classGuidance {
      (used.classifier, used.className, used.classifierScale) = (url.path, guidance.className, guidance.scale)
    }
    if let url = files.contrastive, let scale = contrastiveScale {
      (used.contrastive, used.guideScale) = (url.path, scale)
    }
    return used
  }

  /// How strongly a contrastive model pulls a request; nil without one.
  var contrastiveScale: Float? { contrastive == nil ? nil : guideScale ?? 1 }

  /// Throws for a setting of this layer that has nothing to act on.
  /// - Parameter whole: all layers over each other.
  func checkUse(in whole: GuideJob) throws(JobError) {
    if className != nil, whole.classifier == nil { throw .idle(name: "`class`", needs: "`classifier` FOLDER") }
    if classifierScale != nil, whole.classifier == nil {
      throw .idle(name: "`classifier-scale`", needs: "`classifier` FOLDER and `class` NAME")
    }
    if guideScale != nil, whole.contrastive == nil { throw .idle(name: "`guide-scale`", needs: "`guide` FOLDER") }
    try checkWhole(whole)
  }

  /// Throws for a classifier without a class.
  private func checkWhole(_ whole: GuideJob) throws(JobError) {
    if classifier != nil, whole.className == nil {
      throw .missing(what: "what `classifier` pulls towards", advice: "name it with `class`")
    }
  }

  /// Throws unless the settings, all layers over each other, are complete.
  func checkComplete() throws(JobError) { try checkUse(in: self) }
}
