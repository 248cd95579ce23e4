import Conditioning
import Files
import Foundation
import Generation

/// A picture that was made and handed over.
public struct FinishedPicture: Sendable {
  /// Its file; nil for one that has none.
  public let url: URL?
  public let line: Int?
  public let seed: UInt64
  /// Its settings as they were used, nothing left to a default.
  public let record: PictureJob
  /// How much of another picture was changed; nil for one from words alone.
  public let strength: Double?
  /// Pixels.
  public let width, height: Int
  /// Its share of its batch's time.
  public let seconds: Double

  init(_ picture: MadePicture, of job: WantedJob, url: URL?, strength: Double?) {
    let (wanted, shape) = (job.pictures[picture.place], picture.batch.pixels.shape)
    (self.url, line, seed, record, self.strength) = (url, job.line, wanted.seed, wanted.record, strength)
    (width, height, seconds) = (shape[2], shape[1], picture.seconds)
  }
}

/// Runs jobs: each model is loaded once, each picture written as soon as it is finished.
public struct JobRunner: Sendable {
  /// What is not a picture's setting.
  public struct Options: Sendable {
    /// Pictures at once.
    public var batch = 1
    /// Whether pictures become files. If not, nothing is said about those below, and a sink takes them.
    public var writesFiles = true
    /// A file, a folder, or a pattern of names.
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
    /// Files the run reads besides those its jobs name, and what each is for; none is overwritten.
    public var inputs: [(path: String, use: String)] = []

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
    /// A mask that an edit by words found, before anything is drawn in it; throw to stop.
    public var onMask: (Mask) throws -> Void = { _ in }
    /// One line a person should know.
    public var onNote: (String) -> Void = { _ in }
    /// What is wrong with a job; the run goes on with the next one.
    public var onFailure: (_ line: Int?, any Error) throws -> Void = { _, error in throw error }

    public init() {}
  }

  private(set) var jobs: [PlannedJob]
  let options: Options
  let naming: OutputNaming
  let inputs: InputFiles
  /// What a person should know before the run.
  private let notes: [String]
  let load: @Sendable (ModelChoice) throws -> LoadedPipeline

  /// - Parameters:
  ///   - below: what a picture's metadata says, under every line.
  ///   - above: the flags, over that and under every line. Their seed counts on over the whole run.
  ///   - load: loads a model; called once for each, one after the other.
  public init(
    _ lines: [JobLine], below: PictureJob = PictureJob(), above: PictureJob = PictureJob(), options: Options,
    load: @escaping @Sendable (ModelChoice) throws -> LoadedPipeline = { try LoadedPipeline($0) }
  ) throws {
    var notes: [String] = []
    jobs = PlannedJob.plan(lines, below: below, flags: above, notes: &notes)
    self.notes = notes
    self.options = options
    self.load = load
    let total = jobs.reduce(0) { $0 + $1.pictures.count }
    naming = try OutputNaming(options.output, count: options.keepsManifest ? max(total, 2) : total)
    var inputs = InputFiles(options.inputs)
    for job in jobs { inputs.add(job.job) }
    self.inputs = inputs
    guard options.writesFiles else { return }
    try checkOutput()
    checkFiles()
  }

  /// Bytes of names kept free for what is written beside each picture.
  private var room: Int { max(options.gridColumns == nil ? 0 : 5, options.previews == nil ? 0 : 12) }

  /// Gives each job the reason why its pictures cannot be written, if there is one.
  private mutating func checkFiles() {
    var folders: [URL: JobError?] = [:]
    for index in jobs.indices where jobs[index].problem == nil {
      let job = jobs[index]
      // Those between differ in digits alone.
      for picture in [job.pictures.first, job.pictures.last].compactMap({ $0 }) {
        let url = naming.url(
          index: picture.index, seed: picture.seed, prompt: job.job.prompt ?? "", stem: job.stem(of: picture))
        // What depends on the folder is looked at once for each, and for each length of a name.
        let key = url.deletingLastPathComponent().appendingPathComponent("\(url.lastPathComponent.utf8.count)")
        let problem = folders[key] ?? self.problem(url)
        folders[key] = problem
        if let problem {
          jobs[index].problem = problem
          break
        }
      }
    }
  }

  private func problem(_ url: URL) -> JobError? {
    do {
      try OutputNaming.check(url, room: room, mayBeFolder: !naming.isOneFile)
      if options.keepsManifest { try Manifest.check(folder: url.deletingLastPathComponent()) }
      return nil
    } catch GenerationError.badValue(let name, let value, let reason) {
      return .badValue(name: name, value: value, reason: reason)
    } catch let error as JobError {
      return error
    } catch {
      return .unreadable(path: url.path, reason: "\(error)")
    }
  }

  /// Throws for an output in which pictures would take each other's place, or that can hold no grid.
  private func checkOutput() throws(JobError) {
    let output = options.output ?? ""
    if jobs.contains(where: { $0.job.frames != nil }), output.contains("{seed}"), !output.contains("{index}") {
      throw .badValue(name: "`output`", value: output, reason: "the pictures of a strip have one seed: add {index}")
    }
    if options.gridColumns != nil, naming.format == .safetensors {
      throw .badValue(name: "`grid`", value: output, reason: "is a picture: let `output` end in .png or .jpg")
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

  /// What is wrong with every job alike, such as their folder, and is said once; nil if there is no such thing.
  private var commonProblem: JobError? {
    guard jobs.count > 1, let problem = jobs.first?.problem as? JobError,
      jobs.allSatisfy({ $0.problem as? JobError == problem })
    else { return nil }
    return problem
  }

  /// Makes all pictures that are missing.
  /// - Parameter sink: takes them; the files of the options if nil.
  public func run(_ events: Events, into sink: (any PictureSink)? = nil) throws {
    if let problem = commonProblem { throw problem }
    for note in notes { events.onNote(note) }
    for job in jobs { if let problem = job.problem { try events.onFailure(job.line, problem) } }
    var run = JobRun(runner: self, events: events, sink: sink ?? PictureFiles(self))
    let claims = claims
    for group in groups {
      let loaded: LoadedPipeline
      do {
        loaded = try load(group.model)
      } catch {
        for job in group.jobs { try events.onFailure(job.line, error) }
        continue
      }
      for note in loaded.notes { events.onNote(note) }
      try make(group.jobs, of: claims) { try run.make($0, loaded) }
    }
  }

  /// Does jobs, those first that no other process is at.
  private func make(_ jobs: [PlannedJob], of claims: FileClaims?, _ work: (PlannedJob) throws -> Void) throws {
    guard let claims else { return try jobs.forEach(work) }
    try claims.forEach(jobs, number: { $0.pictures.first?.index ?? 0 }, work)
  }

  /// What tells this process which jobs of a file others are at; nil for a run that keeps no account of its pictures.
  private var claims: FileClaims? {
    guard options.keepsManifest, options.writesFiles, let job = groups.first?.jobs.first,
      let picture = job.pictures.first
    else { return nil }
    let url = naming.url(
      index: picture.index, seed: picture.seed, prompt: job.job.prompt ?? "", stem: job.stem(of: picture))
    return FileClaims(url.deletingLastPathComponent().appendingPathComponent(Manifest.name))
  }
}
