import ArgumentParser
import Foundation
import Jobs
import ModelFiles

/// Where settings come from besides the flags: what txt2img and img2img share.
public struct SourceOptions: ParsableArguments {
  @Option(
    help: """
      A file of jobs, one a line, or - for standard input. What a line says wins over the flags; what is there already is not \
      made again.
      """, completion: .file())
  public var prompts: String?
  @Flag(help: "With --prompts: prints the jobs with an estimate of time and memory.") public var dryRun = false
  @Option(help: "Takes every setting from a picture's metadata; flags override.", completion: .file())
  public var from: String?

  public init() {}

  public func validate() throws {
    if dryRun, prompts == nil { throw ValidationError("--dry-run belongs to --prompts") }
  }

  /// The settings of `--from`, after a line on stderr for each that cannot be had.
  /// - Parameters:
  ///   - hasModel: whether a flag names the model.
  ///   - editing: whether the picture it was made from matters.
  public func origin(hasModel: Bool, editing: Bool = false, quiet: Bool) throws -> PictureJob? {
    guard let from else { return nil }
    let origin = try PictureOrigin(
      URL(fileURLWithPath: from), locator: hasModel ? nil : ModelLocator(), editing: editing)
    if !quiet { for note in origin.notes { Terminal.error("note: \(note)") } }
    guard hasModel || origin.modelName == nil || origin.job.model != nil else {
      throw JobError.badValue(
        name: "--from", value: from,
        reason:
          "it was made with the model \(origin.modelName ?? ""), which is not here by that name or hash (looked for "
          + "in \(origin.places.joined(separator: ", "))): say where it is with --model")
    }
    return origin.job
  }
}
