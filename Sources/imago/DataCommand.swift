import ArgumentParser
import CommandSupport
import Foundation
import SceneData
import Training

/// Data sets: making scenes, checking folders.
struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "Builds and checks data sets.",
    subcommands: [Scenes.self, Check.self])

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
        let bar = ProgressBar(total: count, label: "scenes")
        try SceneDataSet(generator: generator).write(
          count: count, seed: seed, to: URL(fileURLWithPath: output),
          progress: { bar.update(done: $0) })
        Terminal.error("wrote \(count) pictures and metadata.jsonl to \(output)")
      }
    }
  }

  /// Opens every picture of a folder and says what training would see.
  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Reads a folder of captioned pictures and reports what is damaged or uncaptioned.")

    @Argument(help: "A folder of PNG and JPEG pictures.") var folder: String

    func run() throws {
      try reportingFailures {
        let set = try FolderDataSet(URL(fileURLWithPath: folder))
        for skipped in set.skipped { Terminal.error("skipped \(skipped.file): \(skipped.reason)") }
        let bare = set.captions.filter(\.isEmpty).count
        Terminal.out("\(set.count) pictures, \(bare) without a caption, \(set.skipped.count) skipped")
        if !set.skipped.isEmpty { throw ExitCode(1) }
      }
    }
  }
}
