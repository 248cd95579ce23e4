import Checkpoints
import Foundation
import TensorCore

/// Names what pictures show from a network's features: for each question a linear function for each answer, of which the
/// largest is taken (Alain & Bengio 2016).
public struct LinearProbe: Sendable {
  /// One question.
  struct Head: Sendable {
    let answers: [String]
    /// `[answers, d]`.
    let weights: DoubleMatrix
    let bias: [Double]

    /// How much speaks for each answer, `[n, answers]`.
    func scores(_ features: DoubleMatrix) -> DoubleMatrix {
      var scores = DoubleMatrix.product(features, weights, transposeB: true)
      for at in scores.values.indices { scores.values[at] += bias[at % answers.count] }
      return scores
    }
  }

  /// The network whose features it reads.
  public let network: String
  private(set) var heads: [String: Head] = [:]
  /// The things that it names rightly nine times of ten in real pictures; nil if that was never tried (``findKnownWell(in:)``).
  public private(set) var knownWell: Set<String>?

  /// Questions, sorted.
  public var questions: [String] { heads.keys.sorted() }

  /// Answers to a question; none for one it does not know.
  public func answers(to question: String) -> [String] { heads[question]?.answers ?? [] }

  /// Fits a probe to pictures whose answers are known.
  /// - Throws: `noData` if there is nothing to be learnt.
  public init(_ features: PictureFeatures, network: any FeatureNetwork) throws {
    self.network = network.name
    let truths = features.pictures.truths
    for question in Set(truths.flatMap { $0.answers.keys }) {
      let known = truths.indices.filter { truths[$0].answers[question] != nil }
      let given = known.map { truths[$0].answers[question] ?? [] }
      let answers = Set(given.joined()).sorted()
      guard answers.count > 1 else { continue }
      var targets = DoubleMatrix.zeros(rows: known.count, columns: answers.count)
      let columns = Dictionary(uniqueKeysWithValues: answers.enumerated().map { ($1, $0) })
      for (row, named) in given.enumerated() {
        for answer in named {
          if let column = columns[answer] { targets.values[row * answers.count + column] = 1 }
        }
      }
      let fit = RidgeRegression(features.pooled.rows(known), targets)
      heads[question] = Head(answers: answers, weights: fit.weights.transposed, bias: fit.bias)
    }
    guard !heads.isEmpty else {
      throw EvaluationError.noData(
        path: features.pictures.place,
        reason: "says nothing of its pictures that could be told apart: it needs scenes (imago data scenes), a column "
          + "label, or sub-folders named after what they hold")
    }
  }

  /// Answers to a question, one for each row of features; nil for a question it does not know.
  public func answer(_ question: String, _ features: DoubleMatrix) -> [String]? {
    guard let head = heads[question] else { return nil }
    let scores = head.scores(features)
    return (0..<features.rows).map { row in
      let values = scores.row(row)
      let best = values.indices.max { values[$0] < values[$1] } ?? values.startIndex
      return head.answers[best - values.startIndex]
    }
  }
}

// MARK: - What it can be relied on for

extension LinearProbe {
  /// Share of right answers that makes a thing known well, and pictures of it that are needed to say so.
  private static let needed = (share: 0.9, pictures: 5)

  /// Finds the things it can be relied on for: those it names rightly in nine of ten pictures that show that thing alone. What it says of
  /// drawn pictures of others says more about the probe than about them.
  /// - Parameter features: of real pictures like those that will be held against drawn ones, but others.
  /// - Throws: `noData` if it is sure of nothing, or if they show no things.
  public mutating func findKnownWell(in features: PictureFeatures) throws {
    guard let given = answer("thing", features.pooled) else {
      throw EvaluationError.noData(
        path: features.pictures.place, reason: "cannot say which things the probe knows: it names none")
    }
    var tries: [String: (right: Int, count: Int)] = [:]
    for (truth, named) in zip(features.pictures.truths, given) {
      guard let thing = truth.answer("thing") else { continue }
      tries[thing, default: (0, 0)].count += 1
      if named == thing { tries[thing, default: (0, 0)].right += 1 }
    }
    let known = tries.filter { _, found in
      found.count >= Self.needed.pictures && Double(found.right) >= Self.needed.share * Double(found.count)
    }
    guard !known.isEmpty else {
      throw EvaluationError.noData(
        path: features.pictures.place,
        reason:
          "shows nothing that the probe names in nine pictures of ten; of each thing \(Self.needed.pictures) are needed"
      )
    }
    knownWell = Set(known.keys)
  }
}

// MARK: - Files

extension LinearProbe {
  private static let format = "imago linear probe 1"
  private static let knownWellKey = "thing.known well"

  /// Writes the probe as safetensors: `QUESTION.weight` `[answers, d]`, `QUESTION.bias`, answers in the metadata.
  public func write(to url: URL) throws {
    var metadata = ["format": Self.format, "network": network]
    var tensors: [(String, Tensor)] = []
    for (question, head) in heads.sorted(by: { $0.key < $1.key }) {
      metadata["\(question).answers"] = String(decoding: try JSONEncoder().encode(head.answers), as: UTF8.self)
      let shape = [head.weights.rows, head.weights.columns]
      tensors.append(("\(question).weight", Tensor(head.weights.values.map { Float($0) }, shape: shape)))
      tensors.append(("\(question).bias", Tensor(head.bias.map { Float($0) }, shape: [head.bias.count])))
    }
    if let knownWell {
      metadata[Self.knownWellKey] = String(decoding: try JSONEncoder().encode(knownWell.sorted()), as: UTF8.self)
    }
    try TensorFile.write(tensors, to: url, metadata: metadata)
  }

  /// Reads a probe.
  /// - Throws: `EvaluationError.probe` for a file of another kind or another network's.
  public init(contentsOf url: URL, for network: any FeatureNetwork) throws {
    let file = try TensorFile(url)
    guard file.metadata["format"] == Self.format, let name = file.metadata["network"] else {
      throw EvaluationError.probe(path: url.path, reason: "is no linear probe; imago eval probe makes one")
    }
    guard name == network.name else {
      throw EvaluationError.probe(
        path: url.path, reason: "was fitted on features of \(name), not of \(network.name): give that with `network`")
    }
    self.network = name
    for (key, value) in file.metadata where key.hasSuffix(".answers") {
      let question = String(key.dropLast(8))
      guard let answers = try? JSONDecoder().decode([String].self, from: Data(value.utf8)), !answers.isEmpty else {
        throw EvaluationError.probe(path: url.path, reason: "its metadata \(key) is no list of answers")
      }
      let weights = try file.floatTensor("\(question).weight", shape: [answers.count, network.featureCount])
      let bias = try file.floatTensor("\(question).bias", shape: [answers.count])
      heads[question] = Head(
        answers: answers, weights: DoubleMatrix(weights), bias: bias.floats().map(Double.init))
    }
    guard !heads.isEmpty else { throw EvaluationError.probe(path: url.path, reason: "answers no question") }
    if let value = file.metadata[Self.knownWellKey] {
      guard let things = try? JSONDecoder().decode([String].self, from: Data(value.utf8)), !things.isEmpty,
        Set(things).isSubset(of: answers(to: "thing"))
      else {
        throw EvaluationError.probe(
          path: url.path, reason: "its metadata \(Self.knownWellKey) is no list of things it names")
      }
      knownWell = Set(things)
    }
  }
}
