import ArgumentParser
import CommandSupport
import Foundation
import Generation
import SceneData
import Training

/// Data sets: making scenes, checking folders.
struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "Builds and checks data sets.",
    subcommands: [Scenes.self, Check.self, DataWords.self])

  /// Writes generated scenes as a folder of captioned pictures.
  struct Scenes: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Composes cut-out drawings on drawn backgrounds, with captions.",
      usage: "imago data scenes --sprites <sprites> --output <output> [<options>]",
      discussion: """
        Example:
          imago data scenes --sprites sprites/ --count 64 --output data/scenes
        """)

    @Option(help: "Folder of the cut-outs; the vocabulary says where they come from.", completion: .directory)
    var sprites: String
    @Option(help: "The things scenes are made of (the program's own).", completion: .file())
    var vocabulary: String?
    @Option(help: "Pictures to make.") var count = 64
    @Option(help: "The first picture's seed; picture i has seed N + i.") var seed: UInt64 = 0
    @Option(help: "Side in pixels, 64 to 512.") var side = 128
    @Option(help: "A folder that does not exist yet.", completion: .directory) var output: String
    @Flag(help: "Says nothing on stderr but errors.") var quiet = false
    @Flag(help: "Prints one JSON object on stdout.") var json = false

    func validate() throws {
      guard (1...10_000_000).contains(count) else { throw ValidationError("--count \(count): must be 1 to 10000000") }
      guard SceneGenerator.sides.contains(side) else { throw ValidationError("--side \(side): must be 64 to 512") }
    }

    private struct Report: Encodable {
      let path: String
      let pictures: Int
      let seed: UInt64
      let side: Int
    }

    func run() throws {
      try reportingFailures {
        let folder = URL(fileURLWithPath: output)
        try SceneDataSet.check(folder)
        let generator = try SceneGenerator(
          spriteDirectory: URL(fileURLWithPath: sprites),
          vocabulary: vocabulary.map { URL(fileURLWithPath: $0) } ?? ModelLocator().sceneVocabulary, side: side)
        let bar = ProgressBar(total: count, label: "scenes", quiet: quiet)
        try SceneDataSet(generator: generator).write(count: count, seed: seed, to: folder) {
          try Interruption.check()
          bar.update(done: $0)
        }
        bar.finish(line: json ? nil : "wrote \(count) pictures and metadata.jsonl to \(folder.path)")
        if json { try Terminal.json(Report(path: folder.path, pictures: count, seed: seed, side: side)) }
      }
    }
  }

  /// Opens every picture of a folder and says what training would see.
  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Reads a folder of captioned pictures and reports what is damaged or uncaptioned.")

    @Argument(help: "A folder of PNG and JPEG pictures.", completion: .directory) var folder: String
    @Flag(help: "Prints one JSON object on stdout.") var json = false

    private struct Report: Encodable {
      struct Skipped: Encodable { let file, reason: String }
      let path: String
      let pictures, uncaptioned: Int
      let skipped: [Skipped]
    }

    func run() throws {
      try reportingFailures {
        let url = URL(fileURLWithPath: folder)
        let set = try FolderDataSet(url)
        let bare = set.captions.filter(\.isEmpty).count
        if json {
          let skipped = set.skipped.map { Report.Skipped(file: $0.file, reason: $0.reason) }
          try Terminal.json(Report(path: url.path, pictures: set.count, uncaptioned: bare, skipped: skipped))
        } else {
          for skipped in set.skipped { Terminal.error("skipped \(skipped.file): \(skipped.reason)") }
          Terminal.out("\(set.count) pictures, \(bare) without a caption, \(set.skipped.count) skipped")
        }
        if !set.skipped.isEmpty { throw ExitCode(1) }
      }
    }
  }
}
