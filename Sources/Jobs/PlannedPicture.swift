import Foundation
import Generation

/// One job of a run with the line it came from.
public struct JobLine: Sendable, Equatable {
  /// Counted from 1; nil for a job that comes from flags alone.
  public var number: Int?
  public var job: PictureJob

  public init(number: Int? = nil, _ job: PictureJob) {
    (self.number, self.job) = (number, job)
  }
}

/// One picture of a run.
struct PlannedPicture: Sendable {
  /// From 0 over the whole run.
  let index: Int
  let seed: UInt64
  /// What stands for the seed in the picture's identity: itself, or for a drawn one its place among pictures of equal settings.
  let seedKey: String
  /// Where the picture stands in its job's request.
  let position: Int
}

/// A job's pictures: the line's settings under the flags, and the seeds.
struct PlannedJob: Sendable {
  let line: Int?
  let job: PictureJob
  /// Why the job cannot be done, as far as that is known before its model is loaded.
  let problem: JobError?
  let pictures: [PlannedPicture]
  /// Whether the seed was drawn and not named.
  let isDrawn: Bool
  /// Seeds of the request all the job's pictures are made with.
  let requestSeeds: [UInt64]

  /// Lays jobs out in the order of their lines.
  /// - Parameters:
  ///   - below: what a picture's metadata says, under every line.
  ///   - above: the flags, over every line. Their seed counts on over the whole run.
  static func plan(_ lines: [JobLine], below: PictureJob, above: PictureJob) -> [PlannedJob] {
    var index = 0
    var drawn: [PictureJobKey: Int] = [:]
    var styles = StyleFiles()
    return lines.map { line in
      var job = PictureJob.layered([below, line.job, above])
      var problem: JobError?
      do throws(JobError) { job = try styles.styled(job) } catch { problem = error }
      if problem == nil { do { try job.checkValues() } catch { problem = JobError(error) } }
      let count = max(job.pictureCount, 1)
      if let seed = above.seed { job.seed = seed &+ UInt64(index) }
      let first = job.seed ?? UInt64.random(in: 0..<(1 << 32))
      let isDrawn = job.seed == nil
      let key = PictureJobKey(job: job)
      let earlier = drawn[key, default: 0]
      if isDrawn { drawn[key] = earlier + count }
      job.seed = first
      let place = job.batchPlace
      let start = place.map { first &- UInt64($0.position) } ?? first
      let isStrip = job.frames != nil
      let pictures = (0..<count).map { i in
        let seed = isStrip ? first : first &+ UInt64(i)
        return PlannedPicture(
          index: index + i, seed: seed, seedKey: isDrawn ? "drawn \(earlier + i)" : "\(seed)",
          position: (place?.position ?? 0) + i)
      }
      index += count
      // A batch with a common generator is made as a whole.
      let batch = place.map { size in (0..<size.size).map { start &+ UInt64($0) } }
      return PlannedJob(
        line: line.number, job: job, problem: problem, pictures: pictures,
        isDrawn: isDrawn, requestSeeds: batch ?? (isStrip ? [first] : pictures.map(\.seed)))
    }
  }
}

/// Equal for jobs whose pictures only a seed tells apart.
private struct PictureJobKey: Hashable {
  let text: String

  init(job: PictureJob) {
    var job = job
    (job.count, job.fileName) = (nil, nil)
    text = "\(job)"
  }
}
