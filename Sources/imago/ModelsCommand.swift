import ArgumentParser
import CommandSupport
import Foundation
import Jobs

/// Says what there is to draw with.
struct ModelsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "models",
    abstract: "Lists the pipelines, models, adapters and embeddings that are found by their names.",
    discussion: """
      Looks in Pipelines/ and Weights/ of the program's folder (IMAGO_HOME), in the working folder and its models/, and \
      where <lora:NAME> is looked up. Anything else can be named by its path.

      Examples:
        imago models
        imago models --json
      """)

  @Flag(help: "Prints one JSON object each on stdout.") var json = false

  func run() throws {
    try reportingFailures {
      let entries = ModelListing().entries.map { entry in
        var entry = entry
        entry.use = spelled(entry.use)
        return entry
      }
      if json {
        for entry in entries { try Terminal.json(entry) }
        return
      }
      let rows = entries.map {
        [$0.use, [$0.family, $0.kind].compactMap { $0 }.joined(separator: " "), Self.size($0.bytes)]
      }
      let widths = (0..<3).map { column in rows.map { $0[column].count }.max() ?? 0 }
      for (entry, row) in zip(entries, rows) {
        let cells = zip(row, widths).map { $0.padding(toLength: $1, withPad: " ", startingAt: 0) }
        Terminal.out((cells + [entry.path]).joined(separator: "  "))
      }
    }
  }

  private static func size(_ bytes: Int) -> String {
    bytes >= 1_000_000_000
      ? String(format: "%.1f GB", Double(bytes) / 1e9) : String(format: "%.1f MB", Double(bytes) / 1e6)
  }
}
