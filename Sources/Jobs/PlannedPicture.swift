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
  /// Where the picture stands in its job's batch, if the batch draws its noise from one generator.
  let position: Int
}

/// A job's pictures: the line's settings under the flags, and the seeds.
struct PlannedJob: Sendable {
  let line: Int?
  let job: PictureJob
  let pictures: [PlannedPicture]
  /// Seeds of the whole batch, where pictures are made together or not at all.
  let batchSeeds: [UInt64]?

  /// Lays jobs out in the order of their lines.
  /// - Parameters:
  ///   - below: what a picture's metadata says, under every line.
  ///   - above: the flags, over every line. Their seed counts on over the whole run.
  static func plan(_ lines: [JobLine], below: PictureJob, above: PictureJob) -> [PlannedJob] {
    var index = 0
    var drawn: [PictureJobKey: Int] = [:]
    return lines.map { line in
      var job = PictureJob.layered([below, line.job, above])
      let count = job.count ?? 1
      if let seed = above.seed { job.seed = seed &+ UInt64(index) }
      let first = job.seed ?? UInt64.random(in: 0..<(1 << 32))
      let isDrawn = job.seed == nil
      let key = PictureJobKey(job: job)
      let earlier = drawn[key, default: 0]
      if isDrawn { drawn[key] = earlier + count }
      job.seed = first
      let place = job.batchPlace
      let start = place.map { first &- UInt64($0.position) } ?? first
      let pictures = (0..<count).map { i in
        PlannedPicture(
          index: index + i, seed: first &+ UInt64(i),
          seedKey: isDrawn ? "drawn \(earlier + i)" : "\(first &+ UInt64(i))", position: (place?.position ?? 0) + i)
      }
      index += count
      return PlannedJob(
        line: line.number, job: job, pictures: pictures,
        batchSeeds: place.map { size in (0..<size.size).map { start &+ UInt64($0) } })
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
