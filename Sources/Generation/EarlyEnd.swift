/// Thrown by what is told of a run's steps: the run ends there, and its result is where it seemed to end.
///
/// Any other error leaves no result. Runs that find something on the way before they draw, as an edit that finds its mask
/// does, pass it on.
public struct EarlyEnd: Error {
  public init() {}
}
