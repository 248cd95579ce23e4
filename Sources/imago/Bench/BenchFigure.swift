import CommandSupport
import Foundation

/// One measured figure; the names are those of the command line's contract.
struct BenchFigure: Encodable {
  var what: String
  var size: Int
  var batch: Int
  var precision: String
  /// Best of the runs after a warm-up.
  var seconds: Double
  var medianSeconds: Double
  var peakMemory: Double
  /// What a training step is counted by.
  var samplesPerSecond: Double?
  var loadSeconds: Double?
  var steps: Int?
  /// Processes that kept cores busy meanwhile, and the median beside that of the quiet machine.
  var busyProcesses: Int?
  var ratio: Double?

  enum CodingKeys: String, CodingKey {
    case what, size, batch, precision, seconds, steps, ratio
    case medianSeconds = "median_seconds"
    case peakMemory = "peak_rss_gb"
    case samplesPerSecond = "samples_per_second"
    case loadSeconds = "load_seconds"
    case busyProcesses = "busy_processes"
  }

  /// Runs `work` once to warm up, then `runs` times.
  static func measure(
    _ what: String, size: Int, batch: Int, precision: String, runs: Int, _ work: () throws -> Void
  ) throws -> BenchFigure {
    try work()
    var seconds: [Double] = []
    for _ in 0..<runs {
      try Interruption.check()
      let started = ContinuousClock.now
      try work()
      seconds.append(started.duration(to: .now) / .seconds(1))
    }
    seconds.sort()
    return BenchFigure(
      what: what, size: size, batch: batch, precision: precision, seconds: seconds[0],
      medianSeconds: seconds[seconds.count / 2], peakMemory: peakMemoryGB)
  }

  func print(json: Bool) throws {
    if json {
      return try Terminal.json(self)
    }
    var line = String(
      format: "%@  size %d  batch %d  %@  best %.3f s  median %.3f s  peak %.2f GB", what, size, batch, precision,
      seconds, medianSeconds, peakMemory)
    if let samplesPerSecond { line += String(format: "  %.1f samples/s", samplesPerSecond) }
    if let busyProcesses, let ratio { line += String(format: "  busy processes %d  ratio %.2f", busyProcesses, ratio) }
    if let loadSeconds { line += String(format: "  load %.2f s", loadSeconds) }
    Terminal.out(line)
  }

  /// The most memory the process has held.
  static var peakMemoryGB: Double { peakMemoryGB(of: RUSAGE_SELF) }

  /// The most that this process has held, or one of its children that have ended.
  static func peakMemoryGB(of who: __rusage_who) -> Double {
    var usage = rusage()
    getrusage(__rusage_who_t(who.rawValue), &usage)
    return Double(usage.ru_maxrss) / 1e6
  }
}
