import Dispatch
import Files
import Foundation
import Generation
import Images
import Jobs
import Models
import TensorCore

/// Makes the pictures of the queue, one job after the other, on a thread of its own.
final class JobWorker: Sendable {
  private let desk: JobDesk
  private let pool: ModelPool
  private let device: Device
  /// The arithmetic of jobs that name none.
  private let precision: Precision?
  private let ended = DispatchSemaphore(value: 0)

  init(_ desk: JobDesk, _ pool: ModelPool, device: Device, precision: Precision?) {
    (self.desk, self.pool, self.device, self.precision) = (desk, pool, device, precision)
  }

  /// Starts the thread. It ends when the queue stops.
  func start() {
    let thread = Thread { [self] in
      Device.$current.withValue(device) {
        while let job = desk.queue.next(patience: .seconds(5), idle: Self.rest) {
          make(job)
          desk.queue.finished(job)
        }
      }
      pool.releaseAll()
      ended.signal()
    }
    thread.stackSize = 16 << 20
    thread.name = "pictures"
    thread.start()
  }

  /// Gives memory back that is kept for the next job.
  private static func rest() {
    Processor.releaseCachedMemory()
    FreedMemory.giveBack()
  }

  /// Waits until the thread has ended.
  func join() { ended.wait() }

  /// Why a run ends before its pictures are made.
  private enum Stop: Error { case cancelled, stopping, foundMask }

  private func make(_ job: ServedJob) {
    do {
      do { try run(job) } catch let error as JobError where pool.releaseOthers(than: ModelChoice(layered(job))) {
        // Memory that other models had may be enough.
        guard APIError(error).kind == .memory else { throw error }
        try run(job)
      }
      job.end(.done)
    } catch Stop.foundMask {
      job.end(.done)
    } catch Stop.cancelled {
      job.end(.cancelled)
    } catch Stop.stopping {
      if job.isKept { job.change { $0.phase = .queued } } else { job.end(.failed, JobQueue.stopping) }
    } catch {
      job.end(.failed, APIError(error))
    }
  }

  /// As the runner layers it: what decides which model it is.
  private func layered(_ job: ServedJob) -> PictureJob { PictureJob.layered([below, above, job.job]) }

  private var below: PictureJob {
    var below = PictureJob()
    below.precision = .best
    return below
  }

  private var above: PictureJob {
    var above = PictureJob()
    above.precision = precision
    return above
  }

  /// Runs a job until its pictures are there.
  private func run(_ job: ServedJob) throws {
    var options = JobRunner.Options()
    options.writesFiles = false
    options.needsInput = !job.job.edit.isEmpty
    let runner = try JobRunner(
      [JobLine(job.job)], below: below, above: above, options: options, load: { [pool] in try pool.load($0) })
    return try runner.run(events(job), into: PictureTaker(job, desk, desk.folders.files()))
  }

  private func events(_ job: ServedJob) -> JobRunner.Events {
    var events = JobRunner.Events()
    var clock = StepClock()
    events.onStart = { [desk] picture, count in
      try Self.check(job, desk)
      if job.read({ $0.isInterrupted }) { throw Stop.cancelled }
      clock.start()
      job.change { state in
        state.skipsPicture = false
        state.progress.picture = picture
        (state.progress.step, state.progress.pictures) = (0, count)
      }
    }
    events.onStep = { [desk] done, count in
      clock.note()
      job.change { state in
        (state.progress.step, state.progress.steps) = (done, count)
        let left = (state.progress.pictures - state.progress.picture) * count + count - done
        state.progress.secondsLeft = clock.secondsPerStep.map { ($0 * Double(left) * 10).rounded() / 10 }
      }
      try Self.check(job, desk)
      if done < count { try Self.endEarly(job) }
    }
    events.onMask = { mask in
      guard case .mask = job.origin else { return }
      let png = Data(try PNG.encode(mask.image))
      job.change { $0.mask = png }
      throw Stop.foundMask
    }
    events.onNote = { note in job.change { $0.notes.append(note) } }
    return events
  }

  private static func check(_ job: ServedJob, _ desk: JobDesk) throws {
    if job.read({ $0.isCancelled }) { throw Stop.cancelled }
    if desk.queue.isStopping { throw Stop.stopping }
  }

  /// Ends the picture that is drawn as it is, if somebody said so.
  private static func endEarly(_ job: ServedJob) throws {
    let ends = job.change { state in
      state.isHalfMade = state.isHalfMade || state.isInterrupted || state.skipsPicture
      return state.isHalfMade
    }
    if ends { throw EarlyEnd() }
  }
}

/// How long a step takes, over all steps of a job.
private struct StepClock {
  private var (seconds, steps) = (0.0, 0)
  private var last: ContinuousClock.Instant?

  mutating func start() { last = .now }

  mutating func note() {
    let now = ContinuousClock.now
    if let last { (seconds, steps) = (seconds + (now - last) / .seconds(1), steps + 1) }
    last = now
  }

  var secondsPerStep: Double? { steps > 0 ? seconds / Double(steps) : nil }
}
