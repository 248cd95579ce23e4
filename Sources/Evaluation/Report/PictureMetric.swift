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

  /// Finds out before anything is drawn or looked at whether it can be measured.
  /// - Parameters:
  ///   - pictures: how many there are.
  ///   - haveTexts: whether each has a caption.
  ///   - reference: how many real ones there are; nil for none.
  /// - Throws: `EvaluationError` for a metric that was asked for and cannot be measured, and where there is nothing to measure.
  public func check(pictures: Int, haveTexts: Bool, reference: Int?) throws {
    if let reason = DoubleMatrix.unavailableReason { throw EvaluationError.cannot(reason) }
    if let metrics {
      if metrics.contains(.inception), !network.namesClasses {
        throw EvaluationError.cannot(
          "`metrics` is needs a network that tells classes apart, not the \(network.name): name one with `network`")
      }
      if metrics.contains(.agreement) {
        guard haveTexts else { throw EvaluationError.cannot("`metrics` agreement needs a caption for every picture") }
        guard network.readsTexts else {
          throw EvaluationError.cannot(
            "`metrics` agreement needs a network that reads texts, such as contrastive, not the \(network.name); `probe` says "
              + "how often pictures show what they should")
        }
      }
    }
    if let reference {
      let fewest = min(pictures, reference)
      let standsIn = wants(.fid) && fewest <= network.featureCount
      if wants(.kid) || standsIn, fewest < 4 {
        throw EvaluationError.cannot("kid needs 4 pictures or more in each folder")
      }
      if wants(.pr), fewest < 4 { throw EvaluationError.cannot("precision and recall need 4 pictures or more") }
    } else if !(wants(.inception) && network.namesClasses),
      !(wants(.agreement) && network.readsTexts && haveTexts), probe == nil
    {
      throw EvaluationError.cannot(
        "there is nothing to measure: name real pictures with `reference`, a network that reads texts (such as contrastive) or "
          + "names classes with `network`, or a `probe`")
    }
  }

  /// - Throws: as `check`.
  public func report(_ pictures: PictureFeatures, reference: PictureFeatures?) throws -> EvaluationReport {
    try check(
      pictures: pictures.count, haveTexts: pictures.pictures.captions.allSatisfy { !$0.isEmpty },
      reference: reference?.count)
    var report = EvaluationReport(pictures: pictures.count, reference: reference?.count, network: network.name)
    report.notes = pictures.skipped.map { "left out \($0)" } + (reference?.skipped ?? []).map { "left out \($0)" }
    if let reference { try compare(pictures, reference, &report) }
    if wants(.inception), let logits = pictures.logits {
      report.measures.append(.init("is", InceptionScore.estimate(logits, resampling)))
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
      report.measures.append(.init("kid", KernelDistance.estimate(generated, real, resampling)))
    }
    if wants(.pr) {
      let inside = PrecisionRecall.inside(generated: generated, real: real)
      report.measures.append(.init("precision", resampling.mean(inside.precision)))
      report.measures.append(.init("recall", resampling.mean(inside.recall)))
    }
  }

  /// How near pictures are to their own texts, and to those of others.
  private func agree(_ pictures: PictureFeatures, _ report: inout EvaluationReport) throws {
    let captions = pictures.pictures.captions
    guard captions.allSatisfy({ !$0.isEmpty }), let seen = pictures.common,
      let texts = try network.textFeatures(captions).map({ DoubleMatrix($0) })
    else { return }
    let (own, others) = Agreement.cosines(pictures: seen, texts: texts)
    report.measures.append(.init("agreement", resampling.mean(own)))
    if !others.isEmpty { report.measures.append(.init("agreement with others' texts", resampling.mean(others))) }
  }
}
