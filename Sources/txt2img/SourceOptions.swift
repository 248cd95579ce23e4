import ArgumentParser
import CommandSupport
import Foundation
import Generation
import Jobs

/// Where settings come from besides the flags.
struct SourceOptions: ParsableArguments {
  @Option(help: "A file of jobs, one a line; what is there already is not made again.") var prompts: String?
  @Flag(help: "With --prompts: prints the jobs with an estimate of time and memory.") var dryRun = false
  @Option(help: "Takes every setting from a picture's metadata; flags override.") var from: String?

  /// The settings of `--from`, after a line on stderr for each that cannot be had.
  /// - Parameter hasModel: whether a flag names the model.
  func origin(hasModel: Bool, quiet: Bool) throws -> PictureJob? {
    guard let from else { return nil }
    let origin = try PictureOrigin(URL(fileURLWithPath: from), locator: hasModel ? nil : ModelLocator())
    if !quiet { for note in origin.notes { Terminal.error("note: \(note)") } }
    guard hasModel || origin.modelName == nil || origin.job.model != nil else {
      throw JobError.badValue(
        name: "--from", value: from,
        reason: "it was made with the model \(origin.modelName ?? ""), which is not here by that name: "
          + "say where it is with --model")
    }
    return origin.job
  }
}
