import ArgumentParser
import CommandSupport
import DataSets
import Files
import Foundation
import SceneData
import Tokenizers
import Training

/// Lists the words that captions teach.
struct DataWords: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "words", abstract: "Lists the words of captions, as a model that was trained on them knows them.",
    discussion: """
      Put into a model's tokenizer folder as known_words.txt, the list makes txt2img leave out of prompts what the \
      model never learnt, and say so. A word has "link" behind it if it only leads to the next one, "join" if it needs \
      words on both sides; English ones are marked, others are yours to mark.

      Examples:
        imago data words my-pictures/ --least 5 --output known_words.txt
        imago data words captions.txt
        imago data words --scenes Pipelines/data/scenes-256-vocabulary.txt --output known_words.txt
      """)

  @Argument(help: "A folder of captioned pictures, or a text file with a caption on each line.") var source: String?
  @Option(help: "In place of SOURCE: a scene vocabulary, whose captions are made up.") var scenes: String?
  @Option(parsing: .unconditional, help: "Captions to make up.", transform: whole) var count = 48_000
  @Option(parsing: .unconditional, help: "Occurrences below which a word is not listed.", transform: whole)
  var least = 1
  @Option(help: "A file that does not exist yet (standard output).") var output: String?

  func validate() throws {
    guard (source == nil) != (scenes == nil) else { throw ValidationError("give SOURCE or --scenes") }
    guard (1...10_000_000).contains(count) else { throw ValidationError("--count \(count): must be 1 to 10000000") }
    guard least >= 1 else { throw ValidationError("--least \(least): must be 1 or more") }
  }

  func run() throws {
    try reportingFailures {
      let (captions, heading) = try captions()
      let words = KnownWords(captions: captions, least: least)
      let text = words.text(heading: [heading, "link: leads to the next word; join: ties two together."])
      guard let output else {
        Terminal.out(String(text.dropLast()))
        return
      }
      guard !FileManager.default.fileExists(atPath: output) else {
        throw CaptionLines.Failure(path: output, reason: "exists: remove it first, or name another file")
      }
      try Data(text.utf8).write(to: URL(fileURLWithPath: output), options: .atomic)
      Terminal.error("wrote \(words.roles.count) words to \(output)")
    }
  }

  private func captions() throws -> (captions: [String], heading: String) {
    if let scenes {
      let maker = SceneCaptions(vocabulary: try SceneVocabulary(contentsOf: URL(fileURLWithPath: scenes)))
      return (
        (0..<count).map { maker.caption(seed: UInt64($0)) },
        "Words of \(count) captions of generated scenes (imago data words --scenes)."
      )
    }
    let path = source ?? ""
    var isFolder: ObjCBool = false
    _ = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
    let found =
      isFolder.boolValue
      ? try FolderDataSet(URL(fileURLWithPath: path)).captions : try CaptionLines.read(URL(fileURLWithPath: path))
    return (found, "Words of \(found.count) captions (imago data words).")
  }
}

/// A text file with a caption on each line.
private enum CaptionLines {
  struct Failure: Error, CustomStringConvertible {
    let path, reason: String
    var description: String { "\(path): \(reason)" }
  }

  static func read(_ url: URL) throws -> [String] {
    try TextFile(url, limit: 1 << 30).text().split(separator: "\n").map(String.init)
  }
}
