import Foundation
import Hummingbird

/// Server-sent events of a training: `loss`, `sample`, `note`, and its end.
struct TrainingEvents {
  private let run: TrainingRun
  private var (loss, samples, notes) = (0, 0, 0)
  private var phase: JobPhase?

  private init(_ run: TrainingRun) { self.run = run }

  static func response(of run: TrainingRun) -> Response {
    EventStream.response(follow: run.follow, unfollow: run.unfollow, wake: run.wake) { [run] in
      var events = TrainingEvents(run)
      return { try events.news() }
    }
  }

  /// What is new, and whether nothing more comes.
  private mutating func news() throws -> (text: String, isOver: Bool) {
    let state = run.read { $0 }
    var lines: [String] = []
    func add(_ name: String, _ value: some Encodable) throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      lines.append("event: \(name)\ndata: \(String(decoding: try encoder.encode(value), as: UTF8.self))\n\n")
    }
    if state.phase == .queued, phase != .queued { try add("queued", ["position": 0]) }
    for note in state.notes.dropFirst(notes) { try add("note", ["text": note]) }
    for point in state.losses where point.step > loss {
      try add("loss", ["step": Double(point.step), "loss": point.loss, "steps": Double(state.steps)])
    }
    for index in samples..<max(samples, state.samples.count) {
      try add("sample", TrainingReport.sample(run, state, index))
    }
    (loss, samples, notes) = (state.losses.last?.step ?? loss, state.samples.count, state.notes.count)
    phase = state.phase
    switch state.phase {
    case .queued, .running: break
    case .done: try add("done", ["lora": run.settings.name])
    case .cancelled: try add("cancelled", [String: String]())
    case .failed: try add("failed", ["error": JobFailure(state.failure ?? APIError(.internalServerError, "it failed"))])
    }
    return (lines.joined(), state.phase.isOver)
  }
}
