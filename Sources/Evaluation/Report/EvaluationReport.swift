import Foundation

/// What was measured of some pictures.
public struct EvaluationReport: Encodable, Sendable {
  /// One number under one name.
  public struct Measure: Encodable, Sendable, Equatable {
    public let name: String
    public let estimate: Estimate

    public init(_ name: String, _ estimate: Estimate) { (self.name, self.estimate) = (name, estimate) }

    public func encode(to encoder: any Encoder) throws {
      try estimate.encode(to: encoder)
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(name, forKey: .name)
    }

    private enum CodingKeys: String, CodingKey { case name }
  }

  /// Pictures that were measured, and those they were held against.
  public var pictures: Int
  public var reference: Int?
  /// Whose features were taken.
  public var network: String
  public var measures: [Measure] = []
  public var groups: [ProbeJudgement.Group] = []
  /// What a person should know.
  public var notes: [String] = []
  /// What they were drawn with, where they were.
  public var model: String?
  public var cfg: Double?

  public init(pictures: Int, reference: Int?, network: String) {
    (self.pictures, self.reference, self.network) = (pictures, reference, network)
  }

  /// The report for people.
  public var lines: [String] {
    let against = reference.map { " against \($0)" } ?? ""
    let drawn = model.map { "drawn by \($0)" + (cfg.map { String(format: " with cfg %g", $0) } ?? "") + "; " } ?? ""
    var lines = ["\(pictures) pictures\(against); \(drawn)features of \(network)"]
    let width = measures.map(\.name.count).max() ?? 0
    for measure in measures {
      lines.append("  \(measure.name.padding(toLength: width, withPad: " ", startingAt: 0))  \(measure.estimate.text)")
    }
    if !groups.isEmpty {
      let hasReal = groups.contains { $0.real != nil }
      let names = (groups.map(\.name.count).max() ?? 0)
      lines.append(hasReal ? "found by the probe: generated, real, generated / real" : "found by the probe")
      for group in groups {
        var parts = [group.name.padding(toLength: names, withPad: " ", startingAt: 0), group.found.text]
        if let real = group.real { parts += [real.text, group.ratio?.text ?? "-"] }
        lines.append("  " + parts.joined(separator: "  ") + "  of \(group.count)")
      }
    }
    return lines
  }
}

extension Estimate {
  /// Value and interval, with as many digits as the interval deserves.
  public var text: String {
    let spread = high - low
    let digits = spread > 0 && spread.isFinite ? max(0, min(7, 1 - Int(log10(spread).rounded(.down)))) : 4
    return String(format: "%.*f (%.*f to %.*f)", digits, value, digits, low, digits, high)
  }
}
