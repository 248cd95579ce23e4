import Foundation

/// What a client was told of a job, and what is new since.
///
/// Progress and previews that come faster than the client reads are left out; pictures, notes and the end never are.
struct JobFollower {
  private let job: ServedJob
  private var phase: JobPhase?
  private var position: Int?
  private var progress: JobProgress?
  private var (preview, pictures, notes) = (0, 0, 0)
  /// Whether the end was told.
  private(set) var isOver = false

  init(_ job: ServedJob) { self.job = job }

  /// The events that say what is new.
  mutating func news() -> [JobEvent] {
    let state = job.read { $0 }
    var events: [JobEvent] = []
    if state.phase == .queued, state.position != position || phase != .queued {
      events.append(.queued(position: state.position))
    }
    if state.notes.count > notes { events += state.notes[notes...].map { .note($0) } }
    if state.phase != .queued, state.progress != progress { events.append(.progress(state.progress)) }
    if let latest = state.preview, latest.number > preview, !state.phase.isOver {
      events.append(.preview(image: "data:image/jpeg;base64,\(latest.jpeg.base64EncodedString())"))
      preview = latest.number
    }
    if state.pictures.count > pictures { events += state.pictures[pictures...].map { .picture($0) } }
    (phase, position, progress) = (state.phase, state.position, state.progress)
    (notes, pictures) = (state.notes.count, state.pictures.count)
    switch state.phase {
    case .queued, .running: break
    case .done: events.append(.done)
    case .cancelled: events.append(.cancelled)
    case .failed:
      events.append(.failed(JobFailure(state.failure ?? APIError(.internalServerError, "it failed"))))
    }
    isOver = state.phase.isOver
    return events
  }
}
