import Foundation
import Testing
import Tokenizers

@Suite struct KnownWordsTests {
  private let known = KnownWords(captions: [
    "a picture of two cats on the moon", "a cat and a red dog on a table, at night", "in a meadow, a cat on the left",
  ])

  /// What is kept of a text, and what is left out.
  private func selection(_ text: String) throws -> (kept: String, leftOut: [String]) {
    let words = try TokenizerFixtures.smallVocabulary().tokenizer().words(text)
    let found = known.selection(words.map { .word($0.text, startsAfresh: $0.startsAfresh) })
    let kept = zip(words, found.keeps).filter(\.1).map(\.0.text)
    return (kept.joined(separator: " "), found.leftOut)
  }

  @Test(
    arguments: [
      ("a cat on the moon", "a cat on the moon", []), ("A Cat, on the moon, ", "a cat , on the moon ,", []),
      (
        "a cat on the moon, oil painting, masterpiece, 4k", "a cat on the moon",
        ["oil", "painting", "masterpiece", "4k"]
      ),
      ("masterpiece, best quality, a cat", "a cat", ["masterpiece", "best", "quality"]),
      ("a fluffy cat", "a cat", ["fluffy"]), ("a cat on a zeppelin", "a cat", ["zeppelin"]),
      ("a wizard on the moon", "on the moon", ["wizard"]), ("portrait of a cat", "a cat", ["portrait"]),
      ("a wizard and a cat", "a cat", ["wizard"]), ("a cat and a wizard, at night", "a cat , at night", ["wizard"]),
      ("trending on artstation, a cat", "a cat", ["trending", "artstation"]), ("sci-fi cat!", "cat", ["sci-fi"]),
      ("a cat. Highly detailed. a dog", "a cat a dog", ["highly", "detailed"]), ("wizard", "", ["wizard"]),
      ("a cat, wizard, wizard, a dog", "a cat , a dog", ["wizard"]), ("cat...", "cat", []), ("", "", []),
      ("日本の猫, a cat", "a cat", ["日本の猫"]),
    ] as [(String, String, [String])])
  func selections(text: String, kept: String, leftOut: [String]) throws {
    let found = try selection(text)
    #expect(found.kept == kept && found.leftOut == leftOut)
  }

  /// Walls stay, and part clauses.
  @Test func walls() {
    let found = known.selection([.word("wizard", startsAfresh: true), .wall, .other, .word("cat", startsAfresh: true)])
    #expect(found.keeps == [false, true, true, true] && found.leftOut == ["wizard"])
  }

  @Test func rolesOfCaptions() {
    #expect(known.roles["the"] == .link && known.roles["of"] == .join && known.roles["cat"] == .content)
    #expect(known.roles[","] == .content && known.roles["wizard"] == nil)
    #expect(KnownWords(captions: ["a a b"], least: 2).roles == ["a": .link])
  }

  @Test func filesRoundTrip() throws {
    let text = known.text(heading: ["made by a test"])
    #expect(text.hasPrefix("# made by a test\n") && text.contains("\nthe link\n") && text.contains("\nof join\n"))
    #expect(try KnownWords(text: text, path: "x") == known)
    try TokenizerFixtures.withFolder { folder in
      try TokenizerFixtures.smallVocabulary().write(to: folder)
      #expect(try CLIPTokenizer(directory: folder).knownWords == nil)
      try folder.write(text, as: KnownWords.fileName)
      #expect(try CLIPTokenizer(directory: folder).knownWords == known)
      try folder.write("cat\ntwo words here\n", as: KnownWords.fileName)
      #expect(throws: TokenizerError.self) { try CLIPTokenizer(directory: folder) }
    }
  }

  @Test func standInsRoundTripAndGoOnceTheWordIsLearnt() throws {
    let some = KnownWords(["cat": .content, "sea": .content], standIns: ["kitten": "cat", "ocean": "sea"])
    let text = some.text()
    #expect(text == "cat\nsea\nkitten is cat\nocean is sea\n")
    #expect(try KnownWords(text: text, path: "x") == some)
    #expect(
      KnownWords(some.roles.merging(["kitten": .content]) { a, _ in a }, standIns: some.standIns).standIns.count == 1)
    #expect(throws: TokenizerError.malformedWord(path: "x", line: 2, found: "puppy is dog")) {
      try KnownWords(text: "cat\npuppy is dog\n", path: "x")
    }
    try TokenizerFixtures.withFolder { folder in
      try TokenizerFixtures.smallVocabulary().write(to: folder)
      try folder.write(text, as: KnownWords.fileName)
      let tokenizer = try CLIPTokenizer(directory: folder)
      let (kitten, cat) = (tokenizer.words("a kitten")[1], tokenizer.words("a cat")[1])
      #expect(tokenizer.standIn(for: kitten) == cat && tokenizer.standIn(for: cat) == nil)
    }
  }

  /// The words' ids in a row are the text's.
  @Test(arguments: ["abc ab, <|endoftext|> abcab!", "", "  a  b"]) func wordsHaveTheTextsIDs(text: String) throws {
    let tokenizer = try TokenizerFixtures.smallVocabulary().tokenizer()
    #expect(Array(tokenizer.encode(text).dropFirst().dropLast()) == tokenizer.words(text).flatMap(\.ids))
  }
}
