import Foundation

/// What a run makes: a model, an adapter, an embedding. Asked with the averaged weights in place, if there is an average.
public protocol Artifact {
  /// Draws what the run can do after `step` steps.
  /// - Returns: the files written.
  /// - Throws: `RunStopped` where it is left because the run was told to stop.
  func preview(step: Int) throws -> [URL]

  /// Whether what `preview` writes after a step is there; asked when a run goes on from that step.
  func hasPreview(step: Int) -> Bool

  /// Writes what was learnt after `step` steps, under temporary names first.
  /// - Parameter isLast: whether the run is over.
  /// - Returns: the files and folders written.
  func write(step: Int, isLast: Bool) throws -> [URL]

  /// Averages of the weights that can be written; a run that keeps more is refused at its start.
  var averageLimit: Int { get }

  /// Writes the same with another average of the weights in place, beside the first.
  /// - Parameter number: from 2.
  func write(average number: Int, step: Int, isLast: Bool) throws -> [URL]

  /// Steps between measurements; nil for none.
  var gaugeInterval: Int? { get }

  /// Measures what the log should say beside the loss.
  func gauges(step: Int) throws -> [String: Double]
}

extension Artifact {
  public func preview(step: Int) throws -> [URL] { [] }
  public func hasPreview(step: Int) -> Bool { true }
  public var averageLimit: Int { 1 }
  public func write(average number: Int, step: Int, isLast: Bool) throws -> [URL] { [] }
  public var gaugeInterval: Int? { nil }
  public func gauges(step: Int) throws -> [String: Double] { [:] }
}

/// Work that is left unfinished, since the run was told to stop; it is done when the run goes on.
package struct RunStopped: Error {
  package init() {}
}

/// Nothing is written: what was learnt is checked by whoever started the run.
struct NoArtifact: Artifact {
  func write(step: Int, isLast: Bool) throws -> [URL] { [] }
}
