import ArgumentParser
import CommandSupport
import Foundation
import Generation
import ModelFiles
import SceneData

/// Writes generated scenes as a folder of captioned pictures.
struct DataScenes: ParsableCommand, SharedAmongProcesses {
  static let configuration = CommandConfiguration(
    commandName: "scenes", abstract: "Composes cut-out drawings on drawn backgrounds, with captions.",
    usage: "imago data scenes --sprites <sprites> --output <output> [<options>]",
    discussion: """
      metadata.jsonl says of each picture what it shows: its caption (text), the same as fields (scene), and where and \
      how each thing was drawn (figures).

      Examples:
        imago data scenes --sprites data/sprites --count 64 --output scenes
        imago data scenes --sprites data/sprites --held-out --count 500 --output judging
        imago data scenes --sprites data/sprites --hands openmoji,fxemoji --count 8000 --output judge-scenes
      """)

  @Option(help: "Folder of the cut-outs; the vocabulary says where they come from.", completion: .directory)
  var sprites: String
  @Option(help: "The things scenes are made of (the program's own).", completion: .file())
  var vocabulary: String?
  @Option(parsing: .unconditional, help: "Pictures to make.", transform: whole) var count = 64
  @Option(parsing: .unconditional, help: "The first picture's seed; picture i has seed N + i.", transform: unsigned)
  var seed: UInt64 = 0
  @Option(parsing: .unconditional, help: "Side in pixels, 64 to 512.", transform: whole) var side = 256
  @Option(parsing: .unconditional, help: "Share of pictures with a single thing, 0 to 1.", transform: decimal)
  var singles = 0.5
  @Flag(help: "Makes what training never shows: things in places, and two things in a relation, that are held back.")
  var heldOut = false
  @Option(help: "Sets of drawings in place of the vocabulary's, separated by commas: for pictures a judge learns from.")
  var hands: String?
  @Option(help: "A folder that does not exist yet.", completion: .directory) var output: String
  @Flag(help: "Says nothing on stderr but errors.") var quiet = false
  @Flag(help: "Prints one JSON object on stdout.") var json = false

  func validate() throws {
    guard (1...10_000_000).contains(count) else { throw ValidationError("--count \(count): must be 1 to 10000000") }
    guard SceneGenerator.sides.contains(side) else { throw ValidationError("--side \(side): must be 64 to 512") }
    guard (0...1).contains(singles) else { throw ValidationError("--singles \(singles): must be 0 to 1") }
  }

  private struct Report: Encodable {
    let path: String
    let pictures: Int
    let seed: UInt64
    let side: Int
  }

  func run() throws {
    try reportingFailures {
      try ProcessTeam.run(quiet: quiet, json: json) { try make(quiet: $0, json: $1, $2) }
    }
  }

  /// The processes of a team draw a range of the scenes each, into the leader's folder.
  private func make(quiet: Bool, json: Bool, _ team: ProcessTeam) throws {
    let folder = URL(fileURLWithPath: output)
    if team.leads { try SceneDataSet.check(folder) }
    var things = try SceneVocabulary(
      contentsOf: vocabulary.map { URL(fileURLWithPath: $0) } ?? ModelLocator().sceneVocabulary)
    let drawings = URL(fileURLWithPath: sprites)
    if let hands {
      let names = hands.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
      things = try things.redrawn(by: names, sprites: drawings)
    }
    let generator = try SceneGenerator(
      spriteDirectory: drawings, vocabulary: things, side: side,
      mix: SceneMix(singles: Float(singles), isHeldOut: heldOut))
    if let absence = generator.absence, !quiet { Terminal.error("note: \(absence)") }
    let set = SceneDataSet(generator: generator)
    let range = team.range(of: count)
    let bar = ProgressBar(total: range.count, label: "scenes", quiet: quiet)
    func draw(into folder: URL) throws -> Data {
      let own = try set.draw(range, seed: seed, into: folder) {
        try Interruption.check()
        bar.update(done: $0)
      }
      return Data(try team.everyones(Array(own)).joined())
    }
    guard team.leads else {
      _ = try draw(into: URL(fileURLWithPath: team.told("")))
      return
    }
    try set.write(to: folder) { try draw(into: URL(fileURLWithPath: team.told($0.path))) }
    bar.finish(line: json ? nil : "wrote \(count) pictures and metadata.jsonl to \(folder.path)")
    if json { try Terminal.json(Report(path: folder.path, pictures: count, seed: seed, side: side)) }
  }
}
