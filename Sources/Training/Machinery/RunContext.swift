import Foundation

/// What a run tells while it goes on.
public enum RunEvent: Sendable {
  /// One line a person should know.
  case note(String)
  /// A finished step.
  case step(done: Int, of: Int, loss: Double, samplesPerSecond: Double, secondsLeft: Double)
  /// A line of the log.
  case log(TrainingLog.Entry, of: Int)
  /// What was measured of the result as it is after a step, by name.
  case measured(step: Int, [String: Double])
  /// Files that were written, and of what kind: `samples`, `result`, `state`.
  case wrote(kind: String, URL)
}

/// What surrounds a run: who hears of it, who may stop it, which processes share it.
public struct RunContext {
  public var onEvent: (RunEvent) -> Void
  /// Asked after each step and between batches; true ends the run with its state saved.
  public var shouldStop: () -> Bool
  public var communicator: any Communicator
  /// What the machine has left for the run.
  public var room: RunRoom

  public init(
    onEvent: @escaping (RunEvent) -> Void = { _ in }, shouldStop: @escaping () -> Bool = { false },
    communicator: any Communicator = SingleProcess(), room: RunRoom = RunRoom()
  ) {
    (self.onEvent, self.shouldStop, self.communicator, self.room) = (onEvent, shouldStop, communicator, room)
  }

  /// Tells one line.
  public func note(_ line: String) { onEvent(.note(line)) }
}

/// How a run ended.
public struct RunResult: Sendable {
  public let steps: Int
  /// Whether it reached its last step.
  public let isFinished: Bool
  /// The mean loss of each log interval since the run was started or resumed.
  public let meanLosses: [Double]
}
