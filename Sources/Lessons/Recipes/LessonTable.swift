import Foundation

/// Results of lessons below each other, as Markdown writes tables.
public enum LessonTable {
  private static let titles = [
    "run", "model", "parameters", "energy distance", "real data's", "s to train", "s for 1000", "log-likelihood",
    "data's own",
  ]

  /// One line each, headings first.
  public static func lines(_ results: [LessonResult]) -> [String] {
    let rows = [titles, titles.map { _ in "---" }] + results.map(cells)
    return rows.map { "| " + $0.joined(separator: " | ") + " |" }
  }

  private static func cells(_ result: LessonResult) -> [String] {
    let likelihood = result.likelihood.map { String(format: "%.3f, %@", $0, result.likelihoodKind.rawValue) }
    return [
      result.name, result.model, "\(result.parameters)", String(format: "%.4f", result.distance),
      String(format: "%.4f", result.distanceOfReal), String(format: "%.0f", result.trainingSeconds),
      String(format: "%.3f", result.samplingSeconds), likelihood ?? "none",
      result.likelihoodOfData.map { String(format: "%.3f", $0) } ?? "unknown",
    ]
  }
}
