import Images

/// Reports of the same measures at several guidance scales, as curves.
public enum ReportCurves {
  /// One chart for each measure, and those of what a probe found, below each other.
  /// - Parameter reports: one for each scale, at least one.
  public static func image(_ reports: [EvaluationReport]) -> Image {
    precondition(!reports.isEmpty, "curves of no reports")
    func points(_ value: (EvaluationReport) -> Estimate?) -> [(x: Double, y: Estimate)] {
      reports.compactMap { report in value(report).map { (report.cfg ?? 0, $0) } }
    }
    let title = "\(reports[0].model ?? ""): "
    var charts = reports[0].measures.map { measure in
      Chart(
        title: title + measure.name, xLabel: "guidance scale",
        [.init("", points { report in report.measures.first { $0.name == measure.name }?.estimate })])
    }
    let groups = reports[0].groups
    if !groups.isEmpty {
      let isRatio = groups.contains { $0.ratio != nil }
      charts += stride(from: 0, to: groups.count, by: Chart.colourCount).map { first in
        Chart(
          title: title + (isRatio ? "generated / real" : "found"), xLabel: "guidance scale",
          groups[first..<min(first + Chart.colourCount, groups.count)].map { group in
            .init(
              group.name,
              points { report in
                report.groups.first { $0.name == group.name }.map { $0.ratio ?? $0.found }
              })
          })
      }
    }
    return ImageGrid.make(charts.map { $0.image() }, columns: 1)
  }
}
