import Foundation
import Synchronization
import Training

/// One training: what it is, and how far.
final class TrainingRun: Sendable {
  /// All that changes.
  struct State: Sendable {
    var phase = JobPhase.queued
    var step = 0
    var steps = 0
    var secondsLeft: Double?
    /// Steps and losses; of long runs every second, fourth, ... step.
    var losses: [(step: Int, loss: Double)] = []
    /// Files of pictures that were drawn on the way, and after which step.
    var samples: [(step: Int, file: URL)] = []
    var notes: [String] = []
    var failure: APIError?
    var isCancelled = false
    fileprivate var stride = 1
    fileprivate var followers = Followers()
  }

  let id: String
  let settings: TrainingSettings
  /// Holds its pictures, its state, and what it writes.
  let folder: URL
  /// The part of it that the training writes to.
  var results: URL { folder.appendingPathComponent("run") }
  private let state = Mutex(State())

  init(id: String, settings: TrainingSettings, folder: URL) {
    (self.id, self.settings, self.folder) = (id, settings, folder)
  }

  func read<Value>(_ body: (State) -> Value) -> Value { state.withLock { body($0) } }

  func change(_ body: (inout State) -> Void) {
    state.withLock { state in
      body(&state)
      state.followers.tell()
    }
  }

  /// Most losses that are told.
  private static let lossLimit = 2000

  /// Notes what a run says of itself.
  func note(_ event: RunEvent) {
    change { state in
      switch event {
      case .note(let line): state.notes.append(line)
      case .step(let done, let total, let loss, _, let left):
        (state.step, state.steps, state.secondsLeft) = (done, total, left.isFinite ? left : nil)
        // Steps after the last state are run again.
        while let last = state.losses.last, last.step >= done { state.losses.removeLast() }
        if done % state.stride == 0, loss.isFinite { state.losses.append((done, loss)) }
        if state.losses.count > Self.lossLimit {
          state.stride *= 2
          state.losses.removeAll { $0.step % state.stride != 0 }
        }
      case .log, .measured: break
      case .wrote(let kind, let url):
        guard kind == "samples" else { break }
        state.samples.removeAll { $0.file == url }
        state.samples.append((state.step, url))
      }
    }
  }

  /// Takes up what an earlier server's run left in its folder: losses as its log has them, and samples.
  func takeUp(_ folder: URL) {
    let log = TrainingLog.entries(of: folder)
    change { state in
      state.losses = log.suffix(Self.lossLimit).filter { $0.loss.isFinite }.map { ($0.step, $0.loss) }
      state.step = log.last?.step ?? 0
      state.steps = max(settings.steps ?? 0, state.step)
      state.samples = SampleGrid.files(in: folder)
    }
  }

  /// As `ServedJob.follow`.
  func follow() -> (number: Int, wakes: AsyncStream<Void>) {
    state.withLock { $0.followers.add() }
  }

  func unfollow(_ number: Int) { state.withLock { $0.followers.remove(number) } }

  func wake(_ number: Int) { state.withLock { $0.followers.wake(number) } }
}
