import Foundation
import Generation

/// What the jobs of a run would cost.
///
/// For each model two steps of its first job are run and timed; other sizes are taken in proportion to their pixels, and
/// steps with guidance as two evaluations of the network. Attention grows faster than that, so much larger pictures take
/// longer than said.
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
      format: "%d pictures to make: about %.0f s, at most %.2f GB (two steps measured, sizes by their pixels)", missing,
      seconds, gigabytes)
  }
}

/// What was measured of a model.
struct StepCost {
  /// Of one evaluation of the network for one picture, and of everything besides the steps.
  var evaluation, rest: Double
  var pixels: Int
  /// Gigabytes before, and at the most.
  var base, peak: Double

  /// - Returns: nil if the system does not say.
  static func gigabytes(_ key: String) -> Double? {
    guard let text = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8) else { return nil }
    let line = text.split(separator: "\n").first { $0.hasPrefix(key + ":") }
    return line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Double($0) }.map { $0 / 1e6 }
  }

  /// Runs two steps of a job's first picture.
  static func measure(_ prepared: PreparedJob, _ loaded: LoadedPipeline) throws -> StepCost {
    var short = prepared.request
    (short.prompts, short.seeds) = (Array(short.prompts.prefix(1)), Array(short.seeds.prefix(1)))
    (short.variations, short.blends) = (Array(short.variations.prefix(1)), Array(short.blends.prefix(1)))
    short.steps = 2
    short.hires = nil
    let base = gigabytes("VmRSS") ?? 0
    var marks = [Date()]
    let mark = { (_: Int, _: Int) in marks.append(Date()) }
    if let edit = prepared.edit {
      try edit.measure(short, loaded, onStep: mark)
    } else {
      _ = try prepared.generate(short, loaded, onStep: mark)
    }
    marks.append(Date())
    let step = marks[2].timeIntervalSince(marks[1])
    let total = marks[marks.count - 1].timeIntervalSince(marks[0])
    let rows: Double = prepared.edit?.kind == .instruction ? 3 : short.guidance.isOn ? 2 : 1
    return StepCost(
      evaluation: step / rows, rest: max(total - 2 * step, 0), pixels: short.width * short.height, base: base,
      peak: gigabytes("VmHWM") ?? 0)
  }

  func seconds(_ prepared: PreparedJob) -> Double {
    let request = prepared.request
    let share = Double(request.width * request.height) / Double(pixels)
    let rows: Double = request.guidance.isOn ? 2 : 1
    let evaluations = prepared.edit?.evaluations(request) ?? Double(request.steps) * rows
    var result = share * (evaluations * evaluation + rest)
    if let hires = request.hires {
      let second = Double(hires.steps ?? request.steps) * hires.denoise * rows
      result += share * hires.scale * hires.scale * (second * evaluation + rest)
    }
    return result
  }

  func gigabytes(_ request: GenerationRequest, batch: Int) -> Double {
    let scale = request.hires?.scale ?? 1
    let share = Double(request.width * request.height) * scale * scale / Double(pixels)
    return base + max(peak - base, 0) * share * Double(batch)
  }
}

extension JobRunner {
  /// Estimates the jobs' cost; loads each model and runs two steps of it.
  /// - Parameter onFailure: told what is wrong with a job.
  public func estimate(onFailure: (_ line: Int?, any Error) throws -> Void) throws -> JobEstimate {
    var estimate = JobEstimate()
    for job in jobs { if let problem = job.problem { try onFailure(job.line, problem) } }
    var run = JobRun(runner: self, events: Events())
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
          let (prepared, missing) = try run.open(planned, loaded)
          let request = prepared.request
          if cost == nil, missing > 0 { cost = try StepCost.measure(prepared, loaded) }
          estimate.jobs.append(
            JobEstimate.Job(
              line: planned.line, prompt: request.prompts.first ?? "", width: request.width, height: request.height,
              steps: request.steps, sampler: request.sampler.rawValue, model: loaded.spec.name,
              seed: planned.pictures.first?.seed ?? 0, count: planned.pictures.count, missing: missing,
              seconds: missing > 0 ? Double(missing) * (cost?.seconds(prepared) ?? 0) : 0,
              gigabytes: missing > 0 ? cost?.gigabytes(request, batch: min(options.batch, missing)) ?? 0 : 0))
        } catch {
          try onFailure(planned.line, error)
        }
      }
    }
    return estimate
  }
}
