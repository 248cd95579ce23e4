import Diffusion
import Foundation
import Generation
import PromptLanguage

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

/// A job's pictures: the line's settings over the flags, and the seeds.
struct PlannedJob: Sendable {
  let line: Int?
  let job: PictureJob
  /// Why the job cannot be done, as far as that is known before its model is loaded.
  var problem: (any Error)?
  let pictures: [PlannedPicture]
  /// Whether the seed was drawn and not named.
  let isDrawn: Bool
  /// Seeds of the request all the job's pictures are made with.
  let requestSeeds: [UInt64]

  /// The name a line gives a picture's file, without its ending; nil for the run's pattern.
  func stem(of picture: PlannedPicture) -> String? {
    job.fileName.map { pictures.count > 1 ? "\($0)-\(picture.position + 1)" : $0 }
  }

  /// Lays jobs out in the order of their lines.
  /// - Parameters:
  ///   - below: what a picture's metadata says, under every line.
  ///   - flags: over a picture's metadata, under what the lines say. Their seed counts on over the whole run.
  ///   - notes: gets a line for each thing a person should know.
  static func plan(
    _ lines: [JobLine], below: PictureJob, flags: PictureJob, notes: inout [String]
  ) -> [PlannedJob] {
    var index = 0
    var drawn: [PictureJobKey: Int] = [:]
    var styles = StyleFiles()
    let jobs = lines.map { line in
      var job = PictureJob.layered([below, flags, line.job.keepingSchedule(of: flags)])
      var problem: (any Error)?
      do {
        try job.checkPrompts()
        job = try styles.styled(job)
        try job.checkValues()
      } catch let error as PromptProblem {
        problem = error
      } catch {
        problem = JobError(error)
      }
      let count = max(job.pictureCount, 1)
      if problem == nil, count > PictureJob.countLimit - index {
        problem = JobError.badValue(
          name: "`count`", value: "\(count)",
          reason: index == 0
            ? "must be 1 to \(PictureJob.countLimit)"
            : "makes more than \(PictureJob.countLimit) pictures of one run")
      }
      // A job that cannot be done has none, and its texts are not looked at any more.
      guard problem == nil else {
        return PlannedJob(
          line: line.number, job: job, problem: problem, pictures: [], isDrawn: false, requestSeeds: [])
      }
      if line.job.seed == nil, line.job.drawsSeed != true, let seed = flags.seed { job.seed = seed &+ UInt64(index) }
      let first = job.seed ?? PictureJob.drawnSeed()
      let isDrawn = job.seed == nil
      job.drawsSeed = nil
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
    notes += styles.notes
    if let file = flags.stylesFile, flags.styles == nil, !lines.contains(where: { $0.job.styles != nil }),
      jobs.allSatisfy({ $0.problem == nil })
    {
      notes.append("\(file): no style of it is taken: name one with `style`")
    }
    return jobs
  }
}

extension PictureJob {
  /// A line that names a sampler and no schedule runs it on the flags' schedule.
  fileprivate func keepingSchedule(of flags: PictureJob) -> PictureJob {
    var job = self
    if schedule == nil, let sampler, (try? SamplerName.parse(sampler))?.schedule == nil {
      job.schedule = flags.schedule
    }
    return job
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

extension PictureJob {
  /// A seed for a picture that names none.
  package static func drawnSeed() -> UInt64 { .random(in: 0..<(1 << 32)) }
}
