/// More scenes with a single thing in the first part of a run.
public struct SinglesFirst: Codable, Sendable, Equatable {
  /// Of scenes that show one thing.
  public var share: Double
  /// Where the first part ends, as a share of the run's steps.
  public var until: Double

  var problem: RecipeProblem? {
    RecipeProblem.first([
      ((0...1).contains(share), "singles_first.share", "must be 0 to 1"),
      (until > 0 && until <= 1, "singles_first.until", "must be above 0, at most 1"),
    ])
  }
}

/// How often a run measures its commitment, and on how much.
public struct CommitmentSettings: Codable, Sendable, Equatable {
  /// Steps between measurements.
  public var every: Int
  /// Scenes, each with its mirrored figure.
  public var pairs: Int
  /// Of the first scene; the run's own must not be among them.
  public var seed: UInt64

  /// - Parameter logEvery: steps between lines of the log, in which the figures stand.
  func problem(logEvery: Int) -> RecipeProblem? {
    RecipeProblem.first([
      (
        every > 0 && every % max(logEvery, 1) == 0, "commitment.every",
        "must be a multiple of loop.log_every \(logEvery)"
      ),
      ((1...4096).contains(pairs), "commitment.pairs", "must be 1 to 4096"),
    ])
  }
}
