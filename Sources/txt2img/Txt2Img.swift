import ArgumentParser
import CommandSupport
import Diffusion
import Foundation
import Generation
import Jobs

/// Makes pictures from words.
@main
struct Txt2Img: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "txt2img", abstract: "Makes pictures from words.",
    discussion: """
      Examples:
        txt2img "a cat on the moon"
        txt2img "a red apple on a table" --count 4 --seed 7 --output apples/
        txt2img "a castle at night" --model path/to/a/folder --sampler dpmpp-2m --schedule karras --cfg 7.5
        txt2img --prompts Prompts/gallery.txt --output gallery/
        txt2img --from outputs/00001-7.png --steps 50
      """)

  static func main() {
    Launcher.settleThreadWaiting()
    main(nil)
  }

  @Argument(help: "What the picture shows.") var prompt: String?
  @OptionGroup(title: "Many pictures, and pictures again") var source: SourceOptions
  @OptionGroup(title: "The picture") var picture: PictureOptions
  @OptionGroup(title: "Files") var output: OutputOptions
  @OptionGroup(title: "Computing") var compute: ComputeOptions

  func validate() throws {
    guard prompt != nil || source.prompts != nil || source.from != nil else {
      throw ValidationError("say what the picture shows, or give --prompts FILE or --from IMAGE")
    }
    guard prompt == nil || source.prompts == nil else {
      throw ValidationError("give a prompt or --prompts, not both")
    }
    if let prompt, prompt.allSatisfy(\.isWhitespace) {
      throw ValidationError("the prompt is empty: say what the picture shows")
    }
    if source.dryRun, source.prompts == nil { throw ValidationError("--dry-run belongs to --prompts") }
  }

  func run() throws {
    Interruption.install()
    try reportingFailures(generate)
  }

  private func generate() throws {
    let origin = try source.origin(hasModel: picture.model != nil, quiet: compute.quiet)
    var flags = picture.job
    flags.prompt = prompt
    flags.precision = compute.precision
    try flags.checkSupport()
    var defaults = origin ?? PictureJob()
    defaults.precision = defaults.precision ?? .best
    let file = try source.prompts.map { try PromptFile(URL(fileURLWithPath: $0)) }
    var failures = 0
    for error in file?.errors ?? [] {
      Terminal.error("error: \(error)")
      failures += 1
    }
    let lines = file.map { $0.lines.map { JobLine(number: $0.number, $0.job) } } ?? [JobLine(PictureJob())]
    var options = JobRunner.Options()
    (options.batch, options.output) = (output.batch, output.output)
    options.embedsParameters = !output.noMetadata
    options.keepsManifest = file != nil
    let runner = try JobRunner(lines, below: defaults, above: flags, options: options)
    try compute.run(precision: compute.precision ?? defaults.precision) {
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

  /// Makes the pictures that are missing.
  /// - Returns: how many jobs failed.
  private func make(_ runner: JobRunner, path: String?) throws -> Int {
    var (failures, skipped) = (0, 0)
    var bar = ProgressBar("", quiet: true)
    var events = JobRunner.Events()
    events.onStart = { picture, count in
      try Interruption.check()
      bar = ProgressBar("picture \(picture)/\(count)", quiet: compute.quiet)
    }
    events.onStep = { step in
      try Interruption.check()
      bar.show(step.index + 1, of: step.count)
    }
    events.onPicture = { try PictureReport($0).show(compute) }
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
