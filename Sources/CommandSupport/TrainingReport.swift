import Foundation
import Training

/// Tells a training run's progress: a bar and lines on stderr, or one JSON object per result on stdout.
public final class TrainingReport {
  private let quiet, json: Bool
  /// From the first step on.
  private var bar: ProgressBar?

  public init(quiet: Bool, json: Bool) { (self.quiet, self.json) = (quiet, json) }

  /// What a run is given.
  public var context: RunContext {
    RunContext(onEvent: { self.tell($0) }, shouldStop: { Interruption.isRequested })
  }

  private func tell(_ event: RunEvent) {
    switch event {
    case .note(let line): say(line)
    case .step(let done, let total, let loss, let rate, _):
      // A run that is gone on with says nothing of the speed of its earlier steps.
      let bar = bar ?? ProgressBar(total: total, label: "training", done: done - 1, quiet: quiet)
      self.bar = bar
      bar.update(done: done, of: total, detail: String(format: "loss %.4f, %.3g samples/s", loss, rate))
    case .log(let entry, let total):
      say(entry.line(of: total))
      if json { object(entry) }
    case .measured(let step, let values):
      if json { object(Measured(step: step, values: values)) }
    case .wrote(let kind, let url):
      if kind == "result" {
        bar?.finish()
        bar = nil
        say("wrote \(url.path)")
      }
      if json, kind != "state" { object(["kind": kind, "path": url.path]) }
    }
  }

  private struct Measured: Encodable {
    let kind = "measured"
    let step: Int
    let values: [String: Double]
  }

  private func say(_ line: String) { if !quiet { Terminal.error(line) } }

  private func object(_ value: some Encodable) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    if let data = try? encoder.encode(value) { Terminal.out(String(decoding: data, as: UTF8.self)) }
  }
}
