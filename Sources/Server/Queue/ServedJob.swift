import Foundation
import Jobs
import Synchronization

/// One job of the server's queue: settings, and where it stands.
package final class ServedJob: Sendable {
  /// Who asked, which decides who may be told of it and whether it outlives the request.
  package enum Origin: Sendable {
    /// `/api`: kept on disk until it is done, its pictures go to the gallery.
    case own
    /// AUTOMATIC1111's API: somebody waits; pictures go to the gallery if asked for.
    case webUI(saves: Bool)
    /// OpenAI's API: somebody waits.
    case openAI
    /// Only the mask is wanted, which an edit by words finds.
    case mask
  }

  package let id: String
  package let origin: Origin
  /// Jobs that were asked for together.
  package let group: String?
  /// Its settings with files by their paths, and a seed.
  package let job: PictureJob
  /// What the queue on disk says of it.
  let asked: QueueStore.Entry?
  let created: Date
  private let state: Mutex<JobState>

  init(
    id: String, origin: Origin, group: String? = nil, job: PictureJob, asked: QueueStore.Entry?,
    created: Date = .now, finished: [JobPicture] = []
  ) {
    (self.id, self.origin, self.group, self.job, self.asked, self.created) = (id, origin, group, job, asked, created)
    var state = JobState()
    state.pictures = finished
    state.progress.pictures = job.frames ?? job.count ?? 1
    self.state = Mutex(state)
  }

  /// Whether it is on disk until it is over.
  var isKept: Bool { if case .own = origin { true } else { false } }

  /// Whether its pictures go to the gallery.
  var savesPictures: Bool {
    switch origin {
    case .own: true
    case .webUI(let saves): saves
    case .openAI, .mask: false
    }
  }

  /// Reads what stands in the state.
  func read<Value>(_ body: (JobState) -> Value) -> Value { state.withLock { body($0) } }

  /// Changes the state and tells everybody who follows.
  @discardableResult
  func change<Value>(_ body: (inout JobState) -> Value) -> Value {
    state.withLock { state in
      let value = body(&state)
      state.tell()
      return value
    }
  }

  /// Ends the job; the first end counts.
  func end(_ phase: JobPhase, _ failure: APIError? = nil) {
    let waiters = state.withLock { state -> [CheckedContinuation<Void, Never>] in
      guard !state.phase.isOver else { return [] }
      (state.phase, state.failure, state.preview) = (phase, failure, nil)
      state.progress.secondsLeft = nil
      state.tell()
      let waiters = Array(state.waiters.values)
      state.waiters = [:]
      return waiters
    }
    for waiter in waiters { waiter.resume() }
  }

  /// Lets go of what only the request needed that waited for it.
  func forgetFiles() { state.withLock { ($0.files, $0.mask) = ([], nil) } }

  /// Waits until the job is over.
  func wait() async {
    await withCheckedContinuation { continuation in
      let isOver = state.withLock { state in
        guard !state.phase.isOver else { return true }
        state.lastWaiter += 1
        state.waiters[state.lastWaiter] = continuation
        return false
      }
      if isOver { continuation.resume() }
    }
  }

  /// Wakes whenever something changed; what it was, the state says. Whoever is slow sleeps over what lies between.
  func follow() -> (number: Int, wakes: AsyncStream<Void>) {
    state.withLock { $0.followers.add() }
  }

  func unfollow(_ number: Int) { state.withLock { $0.followers.remove(number) } }

  /// Wakes one follower, so that it says something to a client that may be gone.
  func wake(_ number: Int) { state.withLock { $0.followers.wake(number) } }

  /// Whether somebody wants to see where the run seems to end.
  var wantsPreview: Bool {
    state.withLock { state in
      !state.followers.isEmpty || state.previewAsked.map { .now - $0 < .seconds(10) } ?? false
    }
  }
}
