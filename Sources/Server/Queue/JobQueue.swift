import Foundation
import Jobs
import Synchronization

/// The jobs that wait, the one that runs, and those that ended lately. One worker takes them in their order.
package final class JobQueue: Sendable {
  private struct State {
    var waiting: [ServedJob] = []
    var running: ServedJob?
    /// That are over, the oldest first.
    var over: [ServedJob] = []
    var isStopping = false
  }

  /// Jobs that may wait.
  package static let limit = 2000
  /// Jobs of which is told after they are over.
  private static let remembered = 500

  private let state = Mutex(State())
  private let arrivals = DispatchSemaphore(value: 0)
  let store: QueueStore

  init(store: QueueStore) { self.store = store }

  var isStopping: Bool { state.withLock { $0.isStopping } }

  /// Puts jobs at the end of the queue, all or none.
  /// - Throws: `APIError` 503 if there is no room or the server stops.
  func add(_ jobs: [ServedJob]) throws(APIError) {
    let problem = state.withLock { state -> APIError? in
      if state.isStopping { return Self.stopping }
      guard state.waiting.count + jobs.count <= Self.limit else {
        return APIError(
          .serviceUnavailable, "\(state.waiting.count) jobs wait already, at most \(Self.limit) may: try again later")
      }
      state.waiting += jobs
      Self.number(state.waiting)
      return nil
    }
    if let problem { throw problem }
    for _ in jobs { arrivals.signal() }
  }

  /// Puts jobs that were in an earlier server's queue at its beginning, however many they are.
  func restore(_ jobs: [ServedJob]) {
    let waiting = jobs.filter { !$0.read { $0.phase.isOver } }
    state.withLock { state in
      state.over += jobs.filter { $0.read { $0.phase.isOver } }
      state.waiting = waiting + state.waiting
      Self.number(state.waiting)
    }
    for _ in waiting { arrivals.signal() }
  }

  static let stopping = APIError(.serviceUnavailable, "the server is stopping: try again when it is there again")

  private static func number(_ waiting: [ServedJob]) {
    for (position, job) in waiting.enumerated() where job.read({ $0.position }) != position {
      job.change { $0.position = position }
    }
  }

  /// Waits for the next job; nil once the server stops.
  /// - Parameter patience: how long to wait before `idle` is called, once.
  func next(patience: DispatchTimeInterval, idle: () -> Void) -> ServedJob? {
    var isIdle = false
    while true {
      if arrivals.wait(timeout: isIdle ? .distantFuture : .now() + patience) == .timedOut {
        isIdle = true
        idle()
        continue
      }
      let (job, isOver) = state.withLock { state -> (ServedJob?, Bool) in
        if state.isStopping { return (nil, true) }
        // Its signal may be that of a job that was cancelled.
        guard !state.waiting.isEmpty else { return (nil, false) }
        let job = state.waiting.removeFirst()
        state.running = job
        job.change { $0.phase = .running }
        Self.number(state.waiting)
        return (job, false)
      }
      if isOver { return nil }
      if let job { return job }
    }
  }

  /// The job that ran is over, or goes back to its place if the server stops before it is.
  func finished(_ job: ServedJob) {
    state.withLock { state in
      state.running = nil
      if job.read({ $0.phase.isOver }) { Self.remember(job, &state) }
    }
    if job.read({ $0.phase.isOver }) { store.remove(job) }
  }

  private static func remember(_ job: ServedJob, _ state: inout State) {
    state.over.append(job)
    if state.over.count > Self.remembered { state.over.removeFirst(state.over.count - Self.remembered) }
  }

  /// Cancels a job: one that waits at once, one that runs after its step.
  func cancel(_ job: ServedJob) {
    let waited = state.withLock { state -> Bool in
      guard let place = state.waiting.firstIndex(where: { $0 === job }) else { return false }
      state.waiting.remove(at: place)
      Self.number(state.waiting)
      Self.remember(job, &state)
      return true
    }
    guard waited else { return job.change { $0.isCancelled = true } }
    job.end(.cancelled)
    store.remove(job)
  }

  /// All jobs that are known, in the order in which they came.
  func jobs() -> [ServedJob] {
    state.withLock { $0.over + ($0.running.map { [$0] } ?? []) + $0.waiting }
  }

  func job(_ id: String) -> ServedJob? { jobs().first { $0.id == id } }

  var running: ServedJob? { state.withLock { $0.running } }
  var waiting: Int { state.withLock { $0.waiting.count } }

  /// Takes no more jobs, and ends those that somebody waits for. What is kept on disk goes on when the server is there again.
  func stop() {
    let (waiting, running) = state.withLock { state in
      state.isStopping = true
      return (state.waiting, state.running)
    }
    for job in waiting where !job.isKept { job.end(.failed, Self.stopping) }
    for job in waiting + [running].compactMap({ $0 }) { job.change { _ in } }
    arrivals.signal()
  }
}
