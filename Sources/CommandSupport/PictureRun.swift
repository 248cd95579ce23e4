import ArgumentParser
import Foundation
import Jobs

/// Makes the pictures of a command: those of its flags, or of a file of jobs.
public struct PictureRun {
  /// What lies under every line: settings of a picture.
  public var below = PictureJob()
  /// The flags, over that and under what the lines say.
  public var above: PictureJob
  /// Whether every job must name a picture to change.
  public var needsInput = false
  /// What has to be done before the pictures, with the settings as far as they are known: a model that is taught something.
  public var prepare: ((PictureJob) throws -> Prepared)?

  /// What that leaves: settings that follow from it, and where the model comes from.
  public struct Prepared {
    public let job: PictureJob
    public let load: @Sendable (ModelChoice) throws -> LoadedPipeline

    public init(job: PictureJob, load: @escaping @Sendable (ModelChoice) throws -> LoadedPipeline) {
      (self.job, self.load) = (job, load)
    }
  }

  let source: SourceOptions
  var output: OutputOptions
  var compute: ComputeOptions

  public init(_ flags: PictureJob, _ source: SourceOptions, _ output: OutputOptions, _ compute: ComputeOptions) {
    (above, self.source, self.output, self.compute) = (flags, source, output, compute)
  }

  /// - Throws: what went wrong with the only job; of a file's jobs each is told on stderr, and an exit status is thrown.
  public func run() throws {
    guard PictureProcesses.areThere, source.prompts == nil, !source.dryRun else { return try runAlone() }
    try PictureProcesses().run(self) { try $0.runAlone() }
  }

  private func runAlone() throws {
    if source.prompts == nil, source.from != nil {
      let whole = below.overlaid(by: above)
      try above.checkUse(in: whole)
      try output.checkUse(in: whole)
    }
    let file = try source.prompts.map { try PromptFile($0) }
    var failures = 0
    for error in file?.errors ?? [] {
      Terminal.error("error: \(error)")
      failures += 1
    }
    if let file, file.lines.isEmpty, file.errors.isEmpty, !compute.quiet {
      Terminal.error("note: \(file.path) holds no jobs")
    }
    let lines = file.map { $0.lines.map { JobLine(number: $0.number, $0.job) } } ?? [JobLine(PictureJob())]
    var (defaults, flags) = (below, above)
    flags.precision = compute.precision
    defaults.precision = defaults.precision ?? .best
    let options = options(isFile: file != nil)
    let plain = prepare == nil ? try JobRunner(lines, below: defaults, above: flags, options: options) : nil
    try compute.run(precision: compute.precision ?? defaults.precision) {
      var runner = plain
      if let prepared = try prepare?(PictureJob.layered([defaults, flags])) {
        runner = try JobRunner(
          lines, below: defaults, above: flags.overlaid(by: prepared.job), options: options, load: prepared.load)
      }
      guard let runner else { return }
      if source.dryRun {
        failures += try DryRun(runner: runner, compute: compute, path: file?.path).run()
      } else {
        failures += try make(runner, path: file?.path)
      }
    }
    if failures > 0 {
      Terminal.error("\(failures) of the file's jobs could not be done; the others are")
      throw ExitCode(1)
    }
  }

  private func options(isFile: Bool) -> JobRunner.Options {
    var options = JobRunner.Options()
    (options.batch, options.output) = (output.batch, output.output)
    options.embedsParameters = !output.noMetadata
    options.keepsManifest = isFile
    options.needsInput = needsInput
    options.gridColumns = output.grid ? output.columns ?? 0 : nil
    options.ignoresMemory = output.ignoreMemory
    options.inputs = [(source.from, "the picture that --from reads"), (source.prompts, "the file of jobs")]
      .compactMap { path, use in path.map { ($0, use) } }
    options.previews = output.previewEvery.map { PreviewOptions(every: $0, taesd: output.taesd) }
    return options
  }

  /// Makes the pictures that are missing.
  /// - Returns: how many jobs failed.
  private func make(_ runner: JobRunner, path: String?) throws -> Int {
    var (failures, skipped) = (0, 0)
    var bar = ProgressBar(total: 0, label: "", quiet: true)
    var events = JobRunner.Events()
    events.onStart = { picture, count in
      try Interruption.check()
      bar = ProgressBar(total: 0, label: "picture \(picture)/\(count)", quiet: compute.quiet)
    }
    events.onStep = { done, count in
      try Interruption.check()
      bar.update(done: done, of: count)
    }
    events.onPicture = { try PictureReport($0).show(compute) }
    events.onGrid = { try GridReport($0).show(compute) }
    events.onSkip = { _ in skipped += 1 }
    events.onNote = { if !compute.quiet { Terminal.error("note: \($0)") } }
    if let path {
      events.onFailure = { line, error in
        Terminal.error("error: \(path):\(line ?? 0): \(oneLine("\(error)"))")
        failures += 1
      }
    }
    try runner.run(events)
    if skipped > 0, !compute.quiet { Terminal.error("\(skipped) pictures were there already") }
    return failures
  }
}
