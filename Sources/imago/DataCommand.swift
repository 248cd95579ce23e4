import ArgumentParser
import CommandSupport
import Foundation
import SceneData

/// Data sets: bringing pictures in, looking at them, making scenes.
struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "Imports, checks and makes data sets.",
    discussion: """
      A data set is a folder of PNG and JPEG pictures with their captions in metadata.jsonl or metadata.csv, or in \
      name.txt beside each; docs/data.md starts from nothing.

      Examples:
        imago data import train.parquet --caption "a {name|species}" --output set
        imago data check set
        imago data sheet set --output sheet.png
        imago data sprites --output data/sprites
      """,
    subcommands: [DataImport.self, DataCheck.self, DataSheet.self, DataSprites.self, Scenes.self])

  /// Writes generated scenes as a folder of captioned pictures.
  struct Scenes: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Composes cut-out drawings on drawn backgrounds, with captions.",
      discussion: "Example: imago data scenes --sprites data/sprites --count 64 --output scenes/")

    @Option(help: "Folder of the cut-outs; the vocabulary file says where they come from.")
    var sprites: String
    @Option(help: "The things scenes are made of.")
    var vocabulary = "Pipelines/data/scene-vocabulary.txt"
    @Option(help: "Pictures to make.") var count = 64
    @Option(help: "The first picture's seed; picture i has seed N + i.") var seed: UInt64 = 0
    @Option(help: "Side in pixels, 64 to 512.") var side = 128
    @Option(help: "A folder that does not exist yet.") var output: String

    func run() throws {
      try reportingFailures {
        let generator = try SceneGenerator(
          spriteDirectory: URL(fileURLWithPath: sprites),
          vocabulary: URL(fileURLWithPath: vocabulary), side: side)
        if let absence = generator.absence { Terminal.error(absence) }
        let bar = ProgressBar("scenes", quiet: false)
        try SceneDataSet(generator: generator).write(
          count: count, seed: seed, to: URL(fileURLWithPath: output),
          progress: { bar.show($0, of: count) })
        Terminal.error("wrote \(count) pictures and metadata.jsonl to \(output)")
      }
    }
  }
}
