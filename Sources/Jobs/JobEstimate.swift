import Foundation
import Generation

/// What the jobs of a run would cost.
///
/// For each model two steps of its first job are run and timed, at the model's own size if the job's is larger; other jobs are
/// taken in proportion to their multiply-adds. Memory is counted from the widths of the layers.
public struct JobEstimate: Sendable {
  /// One job with its cost.
  public struct Job: Sendable, Encodable {
    public let line: Int?
    public let prompt: String
    public let width, height, steps: Int
    public let sampler, model: String
    public let seed: UInt64
    /// Pictures of the job, and those still to be made.
    public let count, missing: Int
    public let seconds: Double
    public let gigabytes: Double

    /// One line.
    public var summary: String {
      let cost = missing == 0 ? "there already" : String(format: "%.1f s, %.2f GB", seconds, gigabytes)
      return "\(line.map { "line \($0): " } ?? "")\(prompt)  [\(missing) of \(count) × \(width)×\(height), "
        + "\(steps) steps of \(sampler), seed \(seed)]  \(cost)"
    }
  }

  public internal(set) var jobs: [Job] = []
  public var seconds: Double { jobs.reduce(0) { $0 + $1.seconds } }
  public var gigabytes: Double { jobs.map(\.gigabytes).max() ?? 0 }

  /// One line.
  public var summary: String {
    let missing = jobs.reduce(0) { $0 + $1.missing }
    return String(
      format: "%d pictures to make: about %.0f s, at most %.2f GB (two steps measured, the rest by multiply-adds)",
      missing,
      seconds, gigabytes)
  }
}

extension JobRunner {
  /// Estimates the jobs' cost; loads each model and runs two steps of it.
  /// - Parameter onFailure: told what is wrong with a job.
  public func estimate(onFailure: (_ line: Int?, any Error) throws -> Void) throws -> JobEstimate {
    var estimate = JobEstimate()
    for job in jobs { if let problem = job.problem { try onFailure(job.line, problem) } }
    let run = JobRun(runner: self, events: Events(), sink: PictureFiles(self))
    for group in groups {
      let loaded: LoadedPipeline
      do {
        loaded = try load(group.model)
      } catch {
        for job in group.jobs { try onFailure(job.line, error) }
        continue
      }
      var cost: StepCost?
      for planned in group.jobs {
        do {
          let (prepared, _, outstanding) = try run.open(planned, loaded)
          let missing = outstanding.missing.count
          let request = prepared.request
          if cost == nil, missing > 0 {
            cost = try StepCost.measure(prepared, loaded, size: StepCost.probe(request, loaded, share: 1))
          }
          let batch = min(options.batch, missing)
          let work = PictureWork(prepared, loaded.components, precision: loaded.pipeline.precision, batch: batch)
          let weights = Double(cost?.weights ?? 0)
          estimate.jobs.append(
            JobEstimate.Job(
              line: planned.line, prompt: request.prompts.first ?? "", width: request.width, height: request.height,
              steps: request.steps, sampler: request.sampler.rawValue, model: loaded.spec.name,
              seed: planned.pictures.first?.seed ?? 0, count: planned.pictures.count, missing: missing,
              seconds: missing > 0 ? Double(missing) * (cost?.seconds(work) ?? 0) : 0,
              gigabytes: missing > 0 ? (weights + work.bytes) / 1e9 : 0))
        } catch {
          try onFailure(planned.line, error)
        }
      }
    }
    return estimate
  }
}
