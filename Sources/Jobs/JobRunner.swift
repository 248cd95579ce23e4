import Foundation
import Generation

/// A picture that was made and written.
public struct FinishedPicture: Sendable {
  public let url: URL
  public let line: Int?
  public let settings: PictureWriter.Settings
  /// How much of another picture was changed; nil for one from words alone.
  public let strength: Double?
  /// Pixels.
  public let width, height: Int
  /// Its share of its batch's time.
  public let seconds: Double
}

/// Runs jobs: each model is loaded once, each picture written as soon as it is finished.
public struct JobRunner: Sendable {
  /// What is not a picture's setting.
  public struct Options: Sendable {
    /// Pictures at once.
    public var batch = 1
    /// `--output`.
    public var output: String?
    public var embedsParameters = true
    /// Whether finished pictures are noted in `manifest.jsonl` and not made again.
    public var keepsManifest = false
    /// Whether every job must name a picture to change.
    public var needsInput = false
    /// Pictures in a row of a grid that is written beside them; 0 for as many as look well, nil for no grid.
    public var gridColumns: Int?
    /// nil for no previews.
    public var previews: PreviewOptions?
    /// Whether pictures are tried that seem to need more memory than there is.
    public var ignoresMemory = false

    public init() {}
  }

  /// What a run tells while it goes on. Every function may throw to stop the run.
  public struct Events {
    /// Before a batch: its first picture, counted from 1, and how many there are in all.
    public var onStart: (_ picture: Int, _ of: Int) throws -> Void = { _, _ in }
    /// Steps done and in all.
    public var onStep: (_ done: Int, _ of: Int) throws -> Void = { _, _ in }
    public var onPicture: (FinishedPicture) throws -> Void = { _ in }
    /// A grid that was written.
    public var onGrid: (URL) throws -> Void = { _ in }
    /// A finished picture that was there before.
    public var onSkip: (URL) -> Void = { _ in }
    /// One line a person should know.
    public var onNote: (String) -> Void = { _ in }
    /// What is wrong with a job; the run goes on with the next one.
    public var onFailure: (_ line: Int?, any Error) throws -> Void = { _, error in throw error }

    public init() {}
  }

  let jobs: [PlannedJob]
  let options: Options
  let naming: OutputNaming
  let load: @Sendable (ModelChoice) throws -> LoadedPipeline

  /// - Parameters:
  ///   - below: what a picture's metadata says, under every line.
  ///   - above: the flags, over every line. Their seed counts on over the whole run.
  ///   - load: loads a model; called once for each, one after the other.
  public init(
    _ lines: [JobLine], below: PictureJob = PictureJob(), above: PictureJob = PictureJob(), options: Options,
    load: @escaping @Sendable (ModelChoice) throws -> LoadedPipeline = { try LoadedPipeline($0) }
  ) throws {
    jobs = PlannedJob.plan(lines, below: below, above: above)
    self.options = options
    self.load = load
    let total = jobs.reduce(0) { $0 + $1.pictures.count }
    naming = try OutputNaming(options.output, count: options.keepsManifest ? max(total, 2) : total)
    try checkOutput()
  }

  /// Throws for an output in which pictures would take each other's place, or that can hold no grid.
  private func checkOutput() throws(JobError) {
    let output = options.output ?? ""
    if jobs.contains(where: { $0.job.frames != nil }), output.contains("{seed}"), !output.contains("{index}") {
      throw .badValue(name: "--output", value: output, reason: "the pictures of a strip have one seed: add {index}")
    }
    if options.gridColumns != nil, naming.format == .safetensors {
      throw .badValue(name: "--grid", value: output, reason: "is a picture: let --output end in .png or .jpg")
    }
  }

  /// Pictures in all.
  public var pictureCount: Int { jobs.reduce(0) { $0 + $1.pictures.count } }

  /// The jobs that can be done by model, each model where it is first named.
  var groups: [(model: ModelChoice, jobs: [PlannedJob])] {
    var order: [ModelChoice] = []
    var groups: [ModelChoice: [PlannedJob]] = [:]
    for job in jobs where job.problem == nil {
      let choice = ModelChoice(job.job)
      if groups[choice] == nil { order.append(choice) }
      groups[choice, default: []].append(job)
    }
    return order.map { ($0, groups[$0] ?? []) }
  }

  /// Makes all pictures that are missing.
  public func run(_ events: Events) throws {
    if let first = jobs.first, let picture = first.pictures.first {
      try naming.check(naming.url(index: 0, seed: picture.seed, prompt: first.job.prompt ?? ""))
    }
    for job in jobs { if let problem = job.problem { try events.onFailure(job.line, problem) } }
    var run = JobRun(runner: self, events: events)
    for group in groups {
      let loaded: LoadedPipeline
      do {
        loaded = try load(group.model)
      } catch {
        for job in group.jobs { try events.onFailure(job.line, error) }
        continue
      }
      for note in loaded.notes { events.onNote(note) }
      for job in group.jobs { try run.make(job, loaded) }
    }
  }
}
