import Images
import Training

/// Looks at pictures one after the other, leaving out those that cannot be read.
enum ReadablePictures {
  /// The numbers found of a picture, or why it cannot be read.
  private struct Finding: Codable {
    var numbers: [Double] = []
    var problem: String?
  }

  /// What is found of each picture that can be read, and a line for each of the others.
  /// - Parameters:
  ///   - count: pictures in all.
  ///   - place: where they are, for messages.
  ///   - team: those who look at a range of them each.
  ///   - progress: told how many this one has looked at; throw to stop.
  /// - Throws: `noData` if not one can be read.
  static func map(
    _ count: Int, at place: String, _ team: any WorkTeam, _ progress: (_ done: Int) throws -> Void,
    _ look: (_ picture: Int) throws -> [Double]
  ) throws -> (values: [[Double]], skipped: [String]) {
    let findings = try team.all(count) { range in
      try range.map { index in
        var finding = Finding()
        do { finding.numbers = try look(index) } catch let error as ImageError { finding.problem = "\(error)" }
        try progress(index - range.lowerBound + 1)
        return finding
      }
    }
    let skipped = findings.compactMap(\.problem)
    let values = findings.filter { $0.problem == nil }.map(\.numbers)
    guard !values.isEmpty else {
      let first = skipped.first.map { ": \($0)" } ?? ""
      throw EvaluationError.noData(path: place, reason: "no picture in it can be read\(first)")
    }
    return (values, skipped)
  }
}
