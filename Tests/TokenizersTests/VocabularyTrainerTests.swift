import Foundation
import Testing
import Tokenizers

@Suite struct VocabularyTrainerTests {
  private static let captions = [
    "a red cat on the moon", "a red boat near the sea, 1890", "the banana bandana", "aaaa aaaaaaa",
    "a cat's été", "ababab abab aab", "a small red cat <|endoftext|> by the sea",
  ]

  /// By hand: `a b</w>` occurs 3 times; `a b` and `b c` twice, `a b` spells first; then `ab c</w>`.
  @Test func learnsTheMergesOfATinyCorpus() throws {
    let vocabulary = try TokenizerFixtures.smallVocabulary()
    #expect(vocabulary.merges.map { "\($0) \($1)" } == ["a b</w>", "a b", "ab c</w>"])
    #expect(vocabulary.tokens.count == 517)
    #expect(
      Array(vocabulary.tokens[512...]) == ["ab</w>", "ab", "abc</w>"]
        + ["<|startoftext|>", "<|endoftext|>"])
    let tokenizer = try vocabulary.tokenizer()
    #expect(tokenizer.encode("abc AB abd") == [515, 514, 512, 513, 256 + 67, 516])
  }

  @Test func beginsWithTheBytesOfCLIP() throws {
    let tokens = try VocabularyTrainer.train([], vocabularySize: 514).tokens
    let clip = try CLIPTokenizer(directory: TokenizerFixtures.folder("clip_tokenizer"))
    #expect(tokens.count == 514)
    #expect(tokens[..<512].elementsEqual((0..<512).map { clip.token($0) ?? "" }))
  }

  /// Algorithm 1 as it is written: counts everything anew for each merge.
  private func reference(_ words: [String: Int], count: Int) -> [String] {
    var words = words.map { (letters: $0.key.map(String.init), count: $0.value) }
    for index in words.indices { words[index].letters[words[index].letters.count - 1] += "</w>" }
    var merges: [String] = []
    while merges.count < count {
      var counts: [[String]: Int] = [:]
      for (letters, count) in words {
        for (left, right) in zip(letters, letters.dropFirst()) {
          counts[[left, right], default: 0] += count
        }
      }
      let best = counts.filter { $0.value >= 2 }.min {
        $0.value != $1.value
          ? $0.value > $1.value : $0.key.lexicographicallyPrecedes($1.key)
      }
      guard let pair = best?.key else { break }
      merges.append(pair.joined(separator: " "))
      for index in words.indices {
        var letters = words[index].letters
        var at = 0
        while at + 1 < letters.count {
          if Array(letters[at...(at + 1)]) == pair {
            letters.replaceSubrange(at...(at + 1), with: [pair.joined()])
          }
          at += 1
        }
        words[index].letters = letters
      }
    }
    return merges
  }

  @Test func agreesWithCountingAnew() throws {
    var words: [String: Int] = [:]
    for caption in Self.captions {
      for word in caption.replacingOccurrences(of: "<|endoftext|>", with: " ")
        .replacingOccurrences(of: "été", with: "Ã©tÃ©")
        .replacingOccurrences(of: ",", with: " ,").replacingOccurrences(of: "'", with: " '")
        .replacingOccurrences(of: "1890", with: "1 8 9 0").split(separator: " ")
      {
        words[String(word), default: 0] += 1
      }
    }
    let vocabulary = try VocabularyTrainer.train(Self.captions, vocabularySize: 2000)
    let expected = reference(words, count: 2000)
    #expect(expected.count > 10)
    #expect(vocabulary.merges.map { "\($0) \($1)" } == expected)
  }

  @Test func doesNotDependOnTheOrderOfCaptions() throws {
    let forward = try VocabularyTrainer.train(Self.captions, vocabularySize: 530)
    let backward = try VocabularyTrainer.train(Self.captions.reversed(), vocabularySize: 530)
    #expect(forward.tokens == backward.tokens)
    #expect(forward.tokens.count == 530)
  }

  /// The files open again, replace older ones, and give the ids of the vocabulary in memory.
  @Test(arguments: [false, true]) func roundTripsThroughFiles(_ exists: Bool) throws {
    let vocabulary = try VocabularyTrainer.train(
      Self.captions, vocabularySize: 560, maximumLength: 16)
    try TokenizerFixtures.withFolder { folder in
      if exists { try folder.write("old", as: "vocab.json") }
      try vocabulary.write(to: folder)
      let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
      #expect(
        names == ["merges.txt", "special_tokens_map.json", "tokenizer_config.json", "vocab.json"])
      let tokenizer = try CLIPTokenizer(directory: folder)
      #expect(tokenizer.maximumLength == 16)
      #expect(tokenizer.vocabularySize == vocabulary.tokens.count)
      let memory = try vocabulary.tokenizer()
      for caption in Self.captions + ["\"quoted\\ \u{1F408}"] {
        #expect(tokenizer.encode(caption) == memory.encode(caption))
      }
      #expect(tokenizer.decode(tokenizer.encode("\"q\\ \u{1F408}")) == "\" q \\ \u{1F408}")
    }
  }

  @Test func refusesSmallNumbers() {
    #expect(throws: TokenizerError.self) {
      try VocabularyTrainer.train(["a"], vocabularySize: 513)
    }
    #expect(throws: TokenizerError.self) {
      try VocabularyTrainer.train(["a"], vocabularySize: 600, maximumLength: 1)
    }
  }

  @Test func saysWhereItCannotWrite() throws {
    try TokenizerFixtures.withFolder { folder in
      try folder.write("", as: "file")
      let target = folder.appendingPathComponent("file").appendingPathComponent("tokenizer")
      let vocabulary = try TokenizerFixtures.smallVocabulary()
      #expect {
        try vocabulary.write(to: target)
      } throws: {
        guard case .inaccessible(target.path, _)? = $0 as? TokenizerError else { return false }
        return true
      }
    }
  }
}
