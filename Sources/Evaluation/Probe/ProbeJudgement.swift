import SceneData
import TensorCore

/// How often a probe finds in pictures what they should show, in groups.
public struct ProbeJudgement: Sendable {
  /// One group of pictures under one question.
  public struct Group: Encodable, Sendable, Equatable {
    public let name: String
    /// Pictures that were asked about.
    public let count: Int
    /// The share of generated pictures that show it.
    public let found: Estimate
    /// The share of real ones, the probe's ceiling, and how near the generated ones come to it: nothing where it is 0.
    public let real, ratio: Estimate?

    package init(name: String, count: Int, found: Estimate, real: Estimate?, ratio: Estimate?) {
      (self.name, self.count, self.found, self.real, self.ratio) = (name, count, found, real, ratio)
    }
  }

  /// For each picture of a set 1 if the probe finds what it should show, 0 if not; nil where the group does not ask.
  struct Marks {
    let name: String
    let values: [Double?]
    var known: [Double] { values.compactMap { $0 } }
  }

  public let groups: [Group]

  /// - Parameters:
  ///   - generated: with halves, for scenes of two things.
  ///   - real: pictures that do show what they should; nil if there are none.
  ///   - symmetric: things whose drawings are nearly their own mirror images; nil if that is not known.
  public init(
    _ probe: LinearProbe, generated: PictureFeatures, real: PictureFeatures?, symmetric: Set<String>?,
    _ resampling: Resampling
  ) {
    let found = Self.marks(probe, generated, symmetric)
    let ceiling = real.map { Self.marks(probe, $0, symmetric) } ?? []
    let isPaired = real?.pictures.truths == generated.pictures.truths
    groups = found.compactMap { marks in
      let own = marks.known
      guard !own.isEmpty else { return nil }
      let other = ceiling.first { $0.name == marks.name }.map(\.known) ?? []
      return Group(
        name: marks.name, count: own.count, found: resampling.mean(own),
        real: other.isEmpty ? nil : resampling.mean(other),
        ratio: other.contains { $0 > 0 } ? Self.ratio(own, other, isPaired: isPaired, resampling) : nil)
    }
  }

  /// The quotient of two means. Of pairs, both are drawn together.
  private static func ratio(
    _ a: [Double], _ b: [Double], isPaired: Bool, _ resampling: Resampling
  ) -> Estimate {
    func mean(_ values: [Double], _ places: some Collection<Int>) -> Double {
      places.reduce(0) { $0 + values[$1] } / Double(places.count)
    }
    if isPaired { return resampling.bootstrap(count: a.count) { mean(a, $0) / mean(b, $0) } }
    return resampling.bootstrap(counts: [a.count, b.count]) { mean(a, $0[0]) / mean(b, $0[1]) }
  }

  // MARK: - Marks

  private static func marks(_ probe: LinearProbe, _ set: PictureFeatures, _ symmetric: Set<String>?) -> [Marks] {
    let truths = set.pictures.truths
    var result: [Marks] = []
    for question in ["thing", "colour", "count", "place", "label"] {
      guard let given = probe.answer(question, set.pooled) else { continue }
      let known = Set(probe.answers(to: question))
      let values = truths.indices.map { index -> Double? in
        guard let truth = truths[index].answer(question), known.contains(truth) else { return nil }
        return given[index] == truth ? 1 : 0
      }
      result.append(Marks(name: question, values: values))
      guard question == "thing" else { continue }
      let single = zip(truths, values).map { $0.answer("count") == "1" ? $1 : nil }
      result += knownWell([Marks(name: "single thing", values: single)], probe, truths)
      if let symmetric {
        for (name, wanted) in [("symmetric thing", true), ("asymmetric thing", false)] {
          let part = zip(truths, single).map { truth, value in
            truth.answer("thing").map(symmetric.contains) == wanted ? value : nil
          }
          result.append(Marks(name: name, values: part))
        }
      }
    }
    return result + pairMarks(probe, set)
  }

  /// Of scenes with two kinds of things: whether both are there, and whether they stand as they should.
  private static func pairMarks(_ probe: LinearProbe, _ set: PictureFeatures) -> [Marks] {
    let answers = probe.answers(to: "thing")
    guard !set.halves.isEmpty, answers.count > 2 else { return [] }
    let scores = ([set.pooled] + set.halves).compactMap { probe.heads["thing"]?.scores($0) }
    var both: [Double?] = []
    var related: [Double?] = []
    for (row, truth) in set.pictures.truths.enumerated() {
      guard let pair = truth.pair, let first = answers.firstIndex(of: pair.first),
        let second = answers.firstIndex(of: pair.second)
      else {
        both.append(nil)
        related.append(nil)
        continue
      }
      // A thing counts where it is seen best: in the whole picture or in one half.
      let best = answers.indices.map { answer in scores.map { $0[row, answer] }.max() ?? 0 }
      let top = answers.indices.sorted { best[$0] > best[$1] }.prefix(2)
      let isThere = top.contains(first) && top.contains(second)
      both.append(isThere ? 1 : 0)
      related.append(
        truth.halves.map { one, other in
          // The whole picture comes before the halves.
          func lean(_ answer: Int) -> Double { scores[one + 1][row, answer] - scores[other + 1][row, answer] }
          return isThere && lean(first) > lean(second) ? 1 : 0
        })
    }
    return knownWell(
      [Marks(name: "both things", values: both), Marks(name: "standing as told", values: related)], probe,
      set.pictures.truths)
  }

  /// The same groups, and behind them what is left of them with things alone that the probe knows well.
  private static func knownWell(_ marks: [Marks], _ probe: LinearProbe, _ truths: [PictureTruth]) -> [Marks] {
    guard let known = probe.knownWell else { return marks }
    return marks
      + marks.map { marks in
        let values = zip(truths, marks.values).map { truth, value in
          Set(truth.answers["thing"] ?? []).isSubset(of: known) ? value : nil
        }
        return Marks(name: "\(marks.name), known well", values: values)
      }
  }
}
