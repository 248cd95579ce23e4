import TensorCore

/// What can be measured of a set of pictures.
public enum PictureMetric: String, CaseIterable, Sendable {
  case fid, kid, pr, agreement
  case inception = "is"

  /// Whether it compares with real pictures.
  public var needsReference: Bool { self == .fid || self == .kid || self == .pr }
}

/// Measures a set of pictures, alone or against another.
public struct PictureEvaluation {
  public var network: any FeatureNetwork
  /// nil for all that can be measured.
  public var metrics: Set<PictureMetric>?
  public var probe: LinearProbe?
  /// Things whose drawings are nearly symmetric, where that is known.
  public var symmetric: Set<String>?
  public var resampling = Resampling()

  public init(_ network: any FeatureNetwork) { self.network = network }

  private func wants(_ metric: PictureMetric) -> Bool { metrics?.contains(metric) ?? true }

  /// - Throws: `EvaluationError` for a metric that was asked for and cannot be measured.
  public func report(_ pictures: PictureFeatures, reference: PictureFeatures?) throws -> EvaluationReport {
    if let reason = DoubleMatrix.unavailableReason { throw EvaluationError.cannot(reason) }
    var report = EvaluationReport(pictures: pictures.count, reference: reference?.count, network: network.name)
    report.notes = pictures.skipped.map { "left out \($0)" } + (reference?.skipped ?? []).map { "left out \($0)" }
    if let reference { try compare(pictures, reference, &report) }
    if wants(.inception) {
      if let logits = pictures.logits {
        report.measures.append(.init("is", InceptionScore.estimate(logits, resampling)))
      } else if metrics != nil {
        throw EvaluationError.cannot(
          "`metrics` is needs a network that tells classes apart, not the \(network.name): name one with `network`")
      }
    }
    if wants(.agreement) { try agree(pictures, &report) }
    if let probe {
      report.groups =
        ProbeJudgement(
          probe, generated: pictures, real: reference, symmetric: symmetric, resampling
        ).groups
      if report.groups.isEmpty {
        report.notes.append("the probe was asked nothing: no picture has a label or description it knows")
      }
    }
    return report
  }

  private func compare(
    _ pictures: PictureFeatures, _ reference: PictureFeatures, _ report: inout EvaluationReport
  ) throws {
    let (generated, real) = (pictures.pooled, reference.pooled)
    let (fewest, width) = (min(generated.rows, real.rows), network.featureCount)
    if wants(.fid) {
      if fewest > width {
        report.measures.append(.init("fid", FrechetDistance.estimate(generated, real, resampling)))
      } else {
        report.notes.append(
          "no fid: \(fewest) pictures are too few for the covariance of \(width) features, more than \(width) in each "
            + "folder are needed; kid stands in for it")
      }
    }
    if wants(.kid) || (wants(.fid) && fewest <= width) {
      guard fewest >= 4 else { throw EvaluationError.cannot("kid needs 4 pictures or more in each folder") }
      report.measures.append(.init("kid", KernelDistance.estimate(generated, real, resampling)))
    }
    if wants(.pr) {
      guard fewest > 3 else { throw EvaluationError.cannot("precision and recall need 4 pictures or more") }
      let inside = PrecisionRecall.inside(generated: generated, real: real)
      report.measures.append(.init("precision", resampling.mean(inside.precision)))
      report.measures.append(.init("recall", resampling.mean(inside.recall)))
    }
  }

  /// How near pictures are to their own texts, and to those of others.
  private func agree(_ pictures: PictureFeatures, _ report: inout EvaluationReport) throws {
    let captions = pictures.pictures.captions
    let isAsked = metrics != nil
    guard captions.allSatisfy({ !$0.isEmpty }) else {
      if isAsked { throw EvaluationError.cannot("`metrics` agreement needs a caption for every picture") }
      return
    }
    guard let seen = pictures.common, let texts = try network.textFeatures(captions).map({ DoubleMatrix($0) }) else {
      if isAsked {
        throw EvaluationError.cannot(
          "`metrics` agreement needs a network that reads texts, such as contrastive, not the \(network.name); `probe` says how often "
            + "pictures show what they should")
      }
      return
    }
    let (own, others) = Agreement.cosines(pictures: seen, texts: texts)
    report.measures.append(.init("agreement", resampling.mean(own)))
    if !others.isEmpty { report.measures.append(.init("agreement with others' texts", resampling.mean(others))) }
  }
}
