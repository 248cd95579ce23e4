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
        imago data words --scenes Pipelines/data/scenes-256-vocabulary.txt \\
          --stand-ins Pipelines/data/scenes-256-stand-ins.txt --output known_words.txt
      """)

  @Argument(help: "A folder of captioned pictures, or a text file with a caption on each line.") var source: String?
  @Option(help: "In place of SOURCE: a scene vocabulary, whose captions are made up.") var scenes: String?
  @Option(parsing: .unconditional, help: "Captions to make up.", transform: whole) var count = 48_000
  @Option(parsing: .unconditional, help: "Occurrences below which a word is not listed.", transform: whole)
  var least = 1
  @Option(
    help: ArgumentHelp(
      "Words that prompts may have in place of one of the list: lines such as \"cat kitten kitty\".", valueName: "file"),
    completion: .file())
  var standIns: String?
  @Option(help: "A file that does not exist yet (standard output).") var output: String?

  func validate() throws {
    guard (source == nil) != (scenes == nil) else { throw ValidationError("give SOURCE or --scenes") }
    guard (1...10_000_000).contains(count) else { throw ValidationError("--count \(count): must be 1 to 10000000") }
    guard least >= 1 else { throw ValidationError("--least \(least): must be 1 or more") }
  }

  func run() throws {
    try reportingFailures {
      let (captions, heading) = try captions()
      let learnt = KnownWords(captions: captions, least: least)
      let others = try standIns.map { try StandIns($0, learnt).words } ?? [:]
      let words = KnownWords(learnt.roles, standIns: others)
      let text = words.text(heading: [heading, "link: leads to the next word; join: ties two together; is: read as."])
      guard let output else {
        Terminal.out(String(text.dropLast()))
        return
      }
      guard !FileManager.default.fileExists(atPath: output) else {
        throw CaptionLines.Failure(path: output, reason: "exists: remove it first, or name another file")
      }
      try Data(text.utf8).write(to: URL(fileURLWithPath: output), options: .atomic)
      Terminal.error(
        "wrote \(words.roles.count) words to \(output)"
          + (others.isEmpty ? "" : ", and \(words.standIns.count) that are read as one of them"))
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

/// A text file with a word on each line, and behind it those that it stands for.
private struct StandIns {
  /// For each word the one that is read in its place.
  private(set) var words: [String: String] = [:]

  init(_ path: String, _ learnt: KnownWords) throws {
    let text = try TextFile(URL(fileURLWithPath: path), limit: 1 << 24).text()
    for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
      let row = line.prefix { $0 != "#" }.lowercased().split(whereSeparator: \.isWhitespace).map(String.init)
      guard let word = row.first else { continue }
      func refuse(_ reason: String) -> CaptionLines.Failure {
        .init(path: "\(path): line \(index + 1)", reason: reason)
      }
      guard learnt.roles[word] != nil else { throw refuse("\(word) is none of the captions' words") }
      for other in row.dropFirst() {
        guard learnt.roles[other] == nil else { throw refuse("\(other) is one of the captions' words; take it out") }
        guard WordSplitter.words(in: other).count == 1 else { throw refuse("\(other) is no single word") }
        guard words.updateValue(word, forKey: other) == nil else { throw refuse("\(other) stands there twice") }
      }
    }
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
