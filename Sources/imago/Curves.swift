import ArgumentParser
import CommandSupport
import Evaluation
import Foundation
import Images

/// Losses of training runs as curves in one picture.
struct Curves: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Draws what training runs logged of their losses, as curves in one picture.",
    usage: "imago curves <run> ... --output <picture>",
    discussion: """
      Example:
        imago curves runs/fashion runs/fashion-dit --output curves.png
      """)

  @Argument(help: "Folders of runs.", completion: .directory) var runs: [String]
  @Option(help: "A .png or .jpg.", completion: .file()) var output: String
  @Option(parsing: .unconditional, help: "Leaves out what was logged before this step.", transform: whole) var from = 0
  @Option(help: "What is written above (loss).") var title: String?
  @Flag(name: .shortAndLong, help: "Says nothing but errors.") var quiet = false

  func validate() throws {
    guard from >= 0 else { throw ValidationError("--from \(from): must be 0 or more") }
    try EvalPicture.check(output)
  }

  func run() throws {
    try reportingFailures {
      let read = try runs.map { name -> (name: String, entries: [LossCurve.Entry]) in
        let folder = URL(fileURLWithPath: name)
        return (folder.lastPathComponent, try LossCurve.read(folder).filter { $0.step >= from })
      }
      if let empty = read.first(where: { $0.entries.isEmpty }) {
        throw EvaluationError.noData(path: empty.name, reason: "nothing was logged from step \(from) on")
      }
      try EvalPicture.write(LossCurve.chart(read, title: title ?? "loss").image(), to: output, quiet: quiet)
    }
  }
}
