import Foundation

/// What a run makes: a model, an adapter, an embedding. Asked with the averaged weights in place, if there is an average.
public protocol Artifact {
  /// Draws what the run can do after `step` steps.
  /// - Returns: the files written.
  func preview(step: Int) throws -> [URL]

  /// Writes what was learnt after `step` steps, under temporary names first.
  /// - Parameter isLast: whether the run is over.
  /// - Returns: the files and folders written.
  func write(step: Int, isLast: Bool) throws -> [URL]
}

extension Artifact {
  public func preview(step: Int) throws -> [URL] { [] }
}

/// Nothing is written: what was learnt is checked by whoever started the run.
struct NoArtifact: Artifact {
  func write(step: Int, isLast: Bool) throws -> [URL] { [] }
}
