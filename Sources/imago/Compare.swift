import ArgumentParser
import CommandSupport
import Foundation
import Images
import Lessons

/// Finished runs of generative models side by side.
struct Compare: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compares finished runs of recipes of the kind generative: a table, and a grid of what they drew.",
    usage: "imago compare <run> ... [<options>]",
    discussion: """
      Example:
        imago compare runs/score runs/vae runs/flow runs/gan --output kinds.png
      """)

  @Argument(help: "Folders of runs.", completion: .directory) var runs: [String]
  @Option(help: "A .png or .jpg of their samples below each other.", completion: .file()) var output: String?
  @Flag(help: "Prints JSON.") var json = false
  @Flag(name: .shortAndLong, help: "Says nothing but results and errors.") var quiet = false

  func validate() throws { try EvalPicture.check(output) }

  func run() throws {
    try reportingFailures {
      let folders = runs.map { URL(fileURLWithPath: $0) }
      let results = try folders.map { try LessonResult.read($0) }
      let pictures = try folders.map { try ImageFile.load($0.appendingPathComponent("samples.png")) }
      if json {
        try Terminal.json(results)
      } else {
        for line in LessonTable.lines(results) { Terminal.out(line) }
      }
      guard let output else { return }
      try EvalPicture.write(ImageGrid.make(pictures, columns: 1, padding: 4), to: output, quiet: quiet)
    }
  }
}
