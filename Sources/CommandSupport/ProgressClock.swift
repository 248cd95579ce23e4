/// How long a step takes: over the last half minute, since a machine gets busy and idle again.
package struct ProgressClock {
  private var marks: [(done: Int, time: ContinuousClock.Instant)]
  private var last: (done: Int, time: ContinuousClock.Instant)

  package init(done: Int, at time: ContinuousClock.Instant) {
    last = (done, time)
    marks = [last]
  }

  /// Notes that so many steps are done.
  package mutating func note(done: Int, at time: ContinuousClock.Instant) {
    last = (done, time)
    guard let newest = marks.last, time - newest.time >= .seconds(1) else { return }
    marks.append(last)
    // The oldest mark is the newest one that is half a minute old, so that slow steps are measured too.
    while marks.count > 2, time - marks[1].time >= .seconds(30) { marks.removeFirst() }
  }

  /// nil before the first step's end.
  package var secondsPerStep: Double? {
    let start = marks[0]
    guard last.done > start.done else { return nil }
    return (last.time - start.time) / .seconds(1) / Double(last.done - start.done)
  }
}
