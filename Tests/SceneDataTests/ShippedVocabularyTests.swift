import Foundation
import SceneData
import Testing
import Tokenizers

/// The table that ships, without its pictures.
@Suite struct ShippedVocabularyTests {
  private let vocabulary: SceneVocabulary

  init() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    vocabulary = try SceneVocabulary(
      contentsOf: root.appendingPathComponent("Pipelines/data/scenes-256-vocabulary.txt"))
  }

  @Test func everythingIsShownInTheHouseHandOnce() {
    #expect((150...170).contains(vocabulary.things.count))
    #expect(Set(vocabulary.things.map(\.name)).count == vocabulary.things.count)
    for thing in vocabulary.things {
      for list in [thing.sprites, thing.faceSprites] where !list.isEmpty {
        // One drawing a hand: a second one would be a second meaning.
        #expect(Set(list.map(\.set)).count == list.count, "\(thing.name)")
        #expect(list.contains { $0.set == "noto" }, "\(thing.name)")
      }
      #expect(thing.weight == 1)
    }
  }

  @Test func everyWordIsATokenAndCaptionsFit() throws {
    let maker = SceneCaptions(vocabulary: vocabulary)
    let captions = (0..<20_000).map { maker.caption(seed: UInt64($0)) }
    let tokenizer = try VocabularyTrainer.train(captions, vocabularySize: 2048, maximumLength: 32).tokenizer()
    var longest = 0
    for caption in captions { longest = max(longest, tokenizer.encode(caption).count) }
    #expect(longest <= 32)
    for word in KnownWords(captions: captions).roles.keys {
      // With the tokens for start and end.
      #expect(tokenizer.encode(word).count == 3, "\(word)")
    }
  }

  /// What the bundled model's list of words says stands in the table of stand-ins, and no word that scenes have is among them.
  @Test func standInsAreThoseOfTheBundledModel() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    func text(_ path: String) throws -> String {
      try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }
    var listed: [String: String] = [:]
    for line in try text("Pipelines/data/scenes-256-stand-ins.txt").split(separator: "\n") {
      let row = line.prefix { $0 != "#" }.split(separator: " ").map(String.init)
      for word in row.dropFirst() { listed[word] = row[0] }
    }
    let maker = SceneCaptions(vocabulary: vocabulary)
    let scenes = KnownWords(captions: (0..<20_000).map { maker.caption(seed: UInt64($0)) })
    for model in ["scenes", "contrastive"] {
      let path = "Weights/\(model)/tokenizer/known_words.txt"
      let known = try KnownWords(text: try text(path), path: path)
      #expect(known.standIns == listed && Set(scenes.roles.keys).isSubset(of: known.roles.keys), "\(model)")
    }
    #expect(listed.count > 400)
  }
}
