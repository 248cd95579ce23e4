import Testing
import Tokenizers

/// Parts that do not belong together.
@Suite struct DefinitionCheckTests {
  private func error(
    _ change: (inout [String: Int32], inout [(String, String)]) -> Void, pad: String = "!",
    length: Int = 77
  ) throws -> TokenizerError? {
    let vocabulary = try TokenizerFixtures.smallVocabulary()
    var ids = TokenizerFixtures.ids(vocabulary)
    var merges = vocabulary.merges
    change(&ids, &merges)
    do {
      _ = try CLIPTokenizer(
        vocabulary: ids, merges: merges, padToken: pad, maximumLength: length)
      return nil
    } catch {
      #expect(!error.description.contains("\n"))
      return error
    }
  }

  @Test func acceptsWhatBelongsTogether() throws {
    #expect(try error { _, _ in } == nil)
  }

  @Test func refusesAMergeOfAnUnknownToken() throws {
    let error = try error { _, merges in merges.append(("q", "zz")) }
    #expect(error == .unknownMergeToken(path: "merges", merge: 4, token: "qzz"))
  }

  @Test func refusesAMergeTwice() throws {
    let error = try error { _, merges in merges.append(("a", "b")) }
    #expect(error == .duplicateMerge(path: "merges", merge: 4, pair: "a b"))
  }

  @Test func refusesAnIDTwice() throws {
    let error = try error { ids, _ in ids["ab"] = 512 }
    #expect(error == .duplicateID(path: "vocabulary", id: 512, tokens: ["ab", "ab</w>"]))
  }

  @Test(arguments: [517, 100_000, -1, Int32.max]) func refusesHoles(_ id: Int32) throws {
    let error = try error { ids, _ in ids["ab"] = id }
    #expect(error == .missingID(path: "vocabulary", id: 513, count: 517))
  }

  @Test(arguments: [("<|startoftext|>", "start"), ("<|endoftext|>", "end")])
  func refusesAVocabularyWithoutSpecialTokens(_ token: String, _ role: String) throws {
    let error = try error { ids, merges in
      // Another token takes its id, and a merge makes that one, so that nothing else is amiss.
      ids["abab"] = ids.removeValue(forKey: token)
      merges.append(("ab", "ab"))
    }
    #expect(error == .missingToken(path: "vocabulary", token: token, role: role))
  }

  @Test func refusesAVocabularyWithoutAByte() throws {
    let error = try error { ids, _ in
      // The last id fills the hole.
      ids["x"] = nil
      ids["<|endoftext|>"] = 87
    }
    #expect(error == .missingToken(path: "vocabulary", token: "x", role: "byte"))
  }

  @Test func refusesATokenNoMergeMakes() throws {
    let error = try error { ids, _ in ids["lonely"] = 517 }
    #expect(error == .unreachableToken(path: "merges", token: "lonely", merges: 3))
  }

  @Test func refusesUnusableSettings() throws {
    #expect(
      try error({ _, _ in }, pad: "[PAD]")
        == .missingToken(path: "vocabulary", token: "[PAD]", role: "padding"))
    guard case .outOfRange? = try error({ _, _ in }, length: 1) else {
      Issue.record("length 1 was accepted")
      return
    }
  }
}
