import Foundation

/// A bar with speed and time left on the last line of stderr, while that is a terminal.
///
/// It fits terminals of any width, redraws at most ten times a second, and gives way to other lines on stderr.
public final class ProgressBar {
  private let label: String
  private let isQuiet: Bool
  private let isShown: Bool
  private let total: Int
  private var clock: ProgressClock
  private var drawn: ContinuousClock.Instant?

  /// - Parameters:
  ///   - total: steps in all; 0 where that is known later, with `update(done:of:)`.
  ///   - label: what is counted, before the bar.
  ///   - done: steps done by earlier runs, which say nothing of this one's speed.
  ///   - quiet: says nothing at all.
  public init(total: Int, label: String, done: Int = 0, quiet: Bool = false) {
    (self.total, self.label, isQuiet) = (total, label, quiet)
    isShown = Terminal.stderrIsTerminal && !quiet && getenv("TERM").map { String(cString: $0) } != "dumb"
    clock = ProgressClock(done: done, at: .now)
  }

  /// Redraws the bar.
  /// - Parameters:
  ///   - done: steps done in all, those of earlier runs included.
  ///   - total: in place of the total said before.
  ///   - detail: a few words behind it, left out where there is no room.
  public func update(done: Int, of total: Int? = nil, detail: String = "") {
    guard isShown else { return }
    let now = ContinuousClock.now
    clock.note(done: done, at: now)
    let total = total ?? self.total
    if let drawn, now - drawn < .milliseconds(100), done < total { return }
    drawn = now
    let line = ProgressLine(
      label: label, done: done, total: total, secondsPerStep: clock.secondsPerStep, detail: detail)
    Terminal.showBar(line.text(columns: Terminal.columns - 1, isUTF8: Terminal.isUTF8))
  }

  /// Takes the bar away.
  /// - Parameter line: what is said in its place, such as what was written where; on stderr, a terminal or not.
  public func finish(line: String? = nil) {
    if isShown { Terminal.showBar("") }
    if let line, !isQuiet { Terminal.error(line) }
  }

  deinit { finish() }
}
