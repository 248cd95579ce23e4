import Foundation
import Gallery
import Images
import Jobs

/// Takes requests for pictures: checks them, keeps what must be kept, and puts them into the queue.
package final class JobDesk: Sendable {
  let queue: JobQueue
  let folders: ServedFolders
  let keeper: any PictureKeeping

  init(queue: JobQueue, folders: ServedFolders, keeper: any PictureKeeping) {
    (self.queue, self.folders, self.keeper) = (queue, folders, keeper)
  }

  /// What a request asks for.
  struct Asked: Sendable {
    /// As the request has it, files by their names.
    var settings: PictureJob
    var image: Data?
    var mask: Data?
    /// For what came with the request and what it says of it.
    var group: String?
  }

  /// Checks requests and puts them into the queue, all or none.
  ///
  /// Reads and writes files: not for a thread of connections.
  /// - Throws: `APIError`.
  func add(_ asked: [Asked], _ origin: ServedJob.Origin) throws -> [ServedJob] {
    let files = folders.files()
    var jobs: [ServedJob] = []
    do {
      for one in asked { jobs.append(try make(one, origin, files)) }
      try queue.add(jobs)
    } catch {
      for job in jobs { queue.store.remove(job) }
      throw APIError(error)
    }
    return jobs
  }

  private func make(_ asked: Asked, _ origin: ServedJob.Origin, _ files: ServedFiles) throws -> ServedJob {
    var asked = asked
    if asked.settings.seed == nil { asked.settings.seedChoice = .given(UInt64.random(in: 0..<(1 << 32))) }
    asked.settings.drawsSeed = nil
    let image = try asked.image.map { try Self.input($0, "image") }
    let mask = try asked.mask.map { try Self.input($0, "mask") }
    var entry = QueueStore.Entry(id: Self.newID(), group: asked.group, created: .now, settings: asked.settings)
    let kept = if case .own = origin { true } else { false }
    // Checked with the names of its pictures before anything is written.
    (entry.image, entry.mask) = (image.map { "image.\($0.ending)" }, mask.map { "mask.\($0.ending)" })
    let job = try job(of: entry, files)
    try Self.check(job)
    if kept || image != nil || mask != nil {
      entry = try queue.store.write(entry, image: image, mask: mask, isKept: kept)
    }
    return ServedJob(
      id: entry.id, origin: origin, group: entry.group, job: job, asked: entry, created: entry.created)
  }

  /// An entry's settings with all files by their paths.
  private func job(of entry: QueueStore.Entry, _ files: ServedFiles) throws(APIError) -> PictureJob {
    var job = try files.resolved(entry.settings)
    let folder = queue.store.place(entry.id)
    if let image = entry.image { job.edit.input = folder.appendingPathComponent(image).path }
    if let mask = entry.mask { job.edit.mask = folder.appendingPathComponent(mask).path }
    return job
  }

  /// What shows without a model.
  private static func check(_ job: PictureJob) throws {
    try job.checkSupport()
    try job.checkValues()
    try job.checkUse(in: job)
    guard job.edit.input != nil || job.edit.isEmpty else {
      throw APIError(.unprocessableContent, "the picture to change is missing: send it as image", setting: "image")
    }
  }

  /// A picture that came with a request, as far as its header says what it is.
  private static func input(_ data: Data, _ setting: String) throws(APIError) -> QueueStore.Input {
    do {
      let header = try ImageHeader(data)
      return QueueStore.Input(data: data, ending: header.format == .png ? "png" : "jpg")
    } catch {
      throw APIError(.unprocessableContent, "\(setting): \(error)", setting: setting)
    }
  }

  /// Notes on disk what is finished of a job.
  func note(_ job: ServedJob) {
    guard var entry = job.asked else { return }
    entry.finished = job.read { $0.pictures }
    // A job of one picture is over with it.
    if job.read({ $0.progress.pictures }) > 1 { queue.store.note(entry) }
  }

  /// Puts the jobs that an earlier server left into the queue.
  func resume() {
    let files = folders.files(isFresh: true)
    let jobs = queue.store.left().map { entry in
      do {
        let job = try job(of: entry, files)
        return ServedJob(
          id: entry.id, origin: .own, group: entry.group, job: job, asked: entry, created: entry.created,
          finished: entry.finished)
      } catch {
        // Its model is gone, say: it is told of, and stays on disk for a server that has it.
        let job = ServedJob(
          id: entry.id, origin: .own, group: entry.group, job: entry.settings, asked: entry, created: entry.created)
        job.end(.failed, APIError(error))
        return job
      }
    }
    queue.restore(jobs)
  }

  /// A name that no other job has.
  private static func newID() -> String {
    let letters = Array("0123456789abcdefghjkmnpqrstvwxyz")
    return String((0..<16).map { _ in letters[Int.random(in: 0..<32)] })
  }

  /// A name for jobs that belong together.
  static func newGroup() -> String { newID() }
}
