import Foundation

/// What a finished lesson's model comes to: `result.json` of its run.
public struct LessonResult: Codable, Sendable, Equatable {
  public let name, model: String
  public let parameters: Int
  /// Energy distance between samples and vectors held back.
  public let distance: Double
  /// The same between two sets of real vectors of that number: what a perfect model would have.
  public let distanceOfReal: Double
  /// Seconds of training, and of drawing a thousand vectors.
  public let trainingSeconds, samplingSeconds: Double
  /// Mean log-likelihood of vectors held back, in nats; nil without one.
  public let likelihood: Double?
  /// What the data's own density gives, where it is known.
  public let likelihoodOfData: Double?
  let likelihoodKind: LikelihoodKind
  /// Numbers of a vector.
  public let width: Int

  static let file = "result.json"

  /// All of it in one line, beside what could be reached.
  public var line: String {
    var parts = [
      String(format: "energy distance %.4f (two sets of real data: %.4f)", distance, distanceOfReal),
      String(format: "%.0f s of training, %.3f s for 1000 samples", trainingSeconds, samplingSeconds),
    ]
    if let likelihood {
      let own = likelihoodOfData.map { String(format: " (the data's own: %.3f)", $0) } ?? ""
      parts.append(String(format: "log-likelihood %.3f nats, %@%@", likelihood, likelihoodKind.rawValue, own))
      if width > 2 { parts.append(String(format: "%.2f bits a number", bitsANumber(likelihood))) }
    }
    return "\(name): " + parts.joined(separator: "; ")
  }

  /// Bits for each of a picture's numbers, which have 256 steps in a range of 2.
  private func bitsANumber(_ likelihood: Double) -> Double { 7 - likelihood / (Double(width) * log(2)) }

  /// Reads that of a run's folder.
  public static func read(_ folder: URL) throws -> LessonResult {
    let file = folder.appendingPathComponent(Self.file)
    guard let data = try? Data(contentsOf: file) else { throw LessonError.noResult(path: file.path) }
    do { return try JSONDecoder().decode(LessonResult.self, from: data) } catch {
      throw LessonError.damaged(path: file.path)
    }
  }
}

/// What is wrong with what was given. Every description is one line.
public enum LessonError: Error, Equatable, CustomStringConvertible {
  case noResult(path: String)
  case damaged(path: String)
  /// A text that nothing can be learnt or gone on from.
  case text(path: String, reason: String)

  public var description: String {
    switch self {
    case .noResult(let path): "\(path): is not there; a finished run of a recipe of the kind generative has it"
    case .damaged(let path): "\(path): is not what a run writes; train again"
    case .text(let path, let reason): "\(path): \(reason)"
    }
  }
}
