import Foundation
import Testing
import Tokenizers

/// Damaged and unusual folders.
@Suite struct TokenizerFilesTests {
  /// Writes a good small tokenizer, damages it, and returns the error of opening it.
  private func error(_ damage: (URL) throws -> Void) throws -> TokenizerError? {
    try TokenizerFixtures.withFolder { folder -> TokenizerError? in
      try TokenizerFixtures.smallVocabulary().write(to: folder)
      try damage(folder)
      do {
        _ = try CLIPTokenizer(directory: folder)
        return nil
      } catch let error as TokenizerError {
        #expect(!error.description.contains("\n"))
        return error
      }
    }
  }

  private func edit(_ name: String, _ change: @escaping (String) -> String) -> (URL) throws -> Void {
    { folder in try folder.write(change(try folder.text(name)), as: name) }
  }

  @Test func anUndamagedFolderOpens() throws {
    #expect(try error { _ in } == nil)
  }

  @Test(arguments: ["vocab.json", "merges.txt"])
  func saysWhichFileIsMissing(_ name: String) throws {
    let error = try error {
      try FileManager.default.removeItem(at: $0.appendingPathComponent(name))
    }
    guard case .missingFiles(_, name)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func everyTruncationOfTheVocabularyIsAnError() throws {
    let text = try TokenizerFixtures.withFolder { folder in
      try TokenizerFixtures.smallVocabulary().write(to: folder)
      return try folder.text("vocab.json")
    }
    for count in stride(from: 0, to: text.count, by: 97) {
      let error = try error { try $0.write(String(text.prefix(count)), as: "vocab.json") }
      guard case .malformedJSON(let path, let offset, _, _)? = error else {
        Issue.record("\(count): \(String(describing: error))")
        continue
      }
      #expect(path.hasSuffix("vocab.json") && offset <= text.utf8.count)
    }
  }

  @Test(arguments: [
    "[]", "{\"a\"}", "{\"a\": \"b\"}", "{\"a\": -1}", "{\"a\": 1.5}", "{\"a\": 99999999999}",
    "{\"a\": 1} x", "{\"\\q\": 1}", "{\"\\ud800\": 1}", "{\"a\": 1,}", "{\"a\nb\": 1}",
    "{\"\\u12\": 1}",
  ])
  func refusesWhatIsNoMapOfIDs(_ text: String) throws {
    let error = try error { try $0.write(text, as: "vocab.json") }
    guard case .malformedJSON? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func refusesTextThatIsNotUTF8() throws {
    let error = try error {
      try Data([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])
        .write(to: $0.appendingPathComponent("vocab.json"))
    }
    guard case .malformedJSON(_, 2, "UTF-8 text", _)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func namesTheBadLineOfTheMerges() throws {
    let error = try error(edit("merges.txt") { $0 + "a b c\n" })
    guard case .malformedMerge(_, 5, "a b c")? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func readsMergesWithWindowsLineEndings() throws {
    #expect(
      try error(edit("merges.txt") { $0.replacingOccurrences(of: "\n", with: "\r\n") }) == nil)
  }

  @Test func noticesMergesCutOffBetweenLines() throws {
    let error = try error(
      edit("merges.txt") { $0.replacingOccurrences(of: "ab c</w>\n", with: "") })
    guard case .unreachableToken(_, "abc</w>", 2)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    guard case .unreachableToken(_, _, 0)? = try self.error({ try $0.write("", as: "merges.txt") })
    else {
      Issue.record("an empty list of merges was accepted")
      return
    }
  }

  @Test func refusesTokensTwice() throws {
    let error = try error(
      edit("vocab.json") { $0.replacingOccurrences(of: "\"ab\"", with: "\"ab</w>\"") })
    guard case .duplicateToken(_, "ab</w>")? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test(arguments: [
    ("{", "the whole"), ("[1]", "the whole"), ("{\"pad_token\": 7}", "pad_token"),
    ("{\"model_max_length\": \"long\"}", "model_max_length"),
  ])
  func refusesSettingsThatAreNoSettings(_ text: String, _ key: String) throws {
    let error = try error { try $0.write(text, as: "tokenizer_config.json") }
    guard case .malformedSettings(_, key)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func refusesALengthWithoutRoom() throws {
    let error = try error { try $0.write("{\"model_max_length\": 1}", as: "tokenizer_config.json") }
    guard case .outOfRange(_, "model_max_length", _, _)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func refusesAPaddingTokenItDoesNotHave() throws {
    let error = try error {
      try $0.write("{\"pad_token\": \"[PAD]\"}", as: "tokenizer_config.json")
    }
    guard case .missingToken(_, "[PAD]", "padding")? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func readsSettingsInEitherForm() throws {
    try TokenizerFixtures.withFolder { folder in
      try TokenizerFixtures.smallVocabulary().write(to: folder)
      try folder.write("{\"model_max_length\": 1e30}", as: "tokenizer_config.json")
      try folder.write(
        "{\"pad_token\": {\"content\": \"!\", \"lstrip\": false}}", as: "special_tokens_map.json")
      let tokenizer = try CLIPTokenizer(directory: folder)
      #expect(tokenizer.padID == 0)
      #expect(tokenizer.maximumLength == 77)
    }
  }

  @Test func readsAddedTokens() throws {
    try TokenizerFixtures.withFolder { folder in
      try TokenizerFixtures.smallVocabulary().write(to: folder)
      try folder.write("{\"<toy>\": 517, \"<toy>2\": 518}", as: "added_tokens.json")
      let tokenizer = try CLIPTokenizer(directory: folder)
      #expect(tokenizer.encode("ab<toy>ab <toy>2") == [515, 512, 517, 512, 518, 516])
      #expect(tokenizer.decode([515, 512, 517, 516]) == "ab <toy>")
    }
  }

  // MARK: tokenizer.json

  /// The fixture's tokenizer.json changed and opened.
  private func open(_ change: (String) -> String) throws -> CLIPTokenizer {
    try TokenizerFixtures.withFolder { folder in
      let text = try TokenizerFixtures.folder("tokenizer_json").text("tokenizer.json")
      try folder.write(change(text), as: "tokenizer.json")
      return try CLIPTokenizer(directory: folder)
    }
  }

  @Test func readsMergesWrittenAsOneString() throws {
    let expected = try TokenizerFixtures.Expected("tokenizer_json")
    let tokenizer = try open { text in
      text.replacing(#/\[\s*("[^"\s]+)",\s*"([^"\s]+")\s*\]/#) { "\($0.1) \($0.2)" }
    }
    #expect(tokenizer.encode(expected.prompts[0]) == expected.untruncated[0])
  }

  @Test func padsAsTokenizerJSONSaysWhenNoSettingsDo() throws {
    let tokenizer = try open {
      $0.replacingOccurrences(
        of: "\"padding\": null", with: "\"padding\": {\"pad_id\": 0, \"pad_token\": \"!\"}")
    }
    #expect(tokenizer.padID == 0)
    #expect(try open { $0 }.padID == 659)
  }

  @Test(arguments: [
    ("\"type\": \"BPE\"", "\"type\": \"WordPiece\""),
    ("\"end_of_word_suffix\": \"</w>\"", "\"end_of_word_suffix\": null"),
    ("\"end_of_word_suffix\"", "\"suffix\""),
    ("\"merges\"", "\"nothing\""),
    ("\"model\"", "\"other\""),
    ("\"content\": \"!\"", "\"text\": \"!\""),
  ])
  func refusesOtherTokenizers(_ from: String, _ to: String) throws {
    #expect {
      try open { text in
        #expect(text.contains(from))
        return text.replacingOccurrences(of: from, with: to)
      }
    } throws: {
      guard case .unsupported? = $0 as? TokenizerError else { return false }
      return true
    }
  }

  @Test func everyTruncationOfTokenizerJSONIsAnError() throws {
    let count = try TokenizerFixtures.folder("tokenizer_json").text("tokenizer.json").count
    for length in stride(from: 0, to: count - 1, by: 499) {
      #expect(throws: TokenizerError.self, "\(length) bytes") {
        try open { String($0.prefix(length)) }
      }
    }
  }

  @Test func refusesDeepNesting() throws {
    #expect(throws: TokenizerError.self) {
      try open { _ in "{\"x\": " + String(repeating: "[", count: 100_000) }
    }
  }
}
