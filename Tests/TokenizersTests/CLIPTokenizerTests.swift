import Foundation
import Testing
import Tokenizers

@Suite struct CLIPTokenizerTests {
  /// `clip_tokenizer` is OpenAI's vocabulary as vocab.json and merges.txt; `tokenizer_json` a small
  /// trained one as transformers saved it, padded with "!" as in SD 2.
  @Test(arguments: ["clip_tokenizer", "tokenizer_json"])
  func givesTheIDsOfTransformers(_ name: String) throws {
    let tokenizer = try CLIPTokenizer(directory: TokenizerFixtures.folder(name))
    let expected = try TokenizerFixtures.Expected(name)
    #expect(!expected.prompts.isEmpty)
    for (index, prompt) in expected.prompts.enumerated() {
      #expect(tokenizer.encode(prompt) == expected.untruncated[index], "\(prompt.debugDescription)")
      #expect(
        tokenizer.encode(prompt, length: 77) == expected.padded[index],
        "\(prompt.debugDescription)")
      #expect(tokenizer.tokenCount(prompt) == expected.untruncated[index].count - 2)
    }
  }

  @Test func knowsItsSpecialTokens() throws {
    let clip = try CLIPTokenizer(directory: TokenizerFixtures.folder("clip_tokenizer"))
    #expect(clip.vocabularySize == 49408)
    #expect([clip.startID, clip.endID, clip.padID] == [49406, 49407, 49407])
    #expect(clip.maximumLength == 77)
    let small = try CLIPTokenizer(directory: TokenizerFixtures.folder("tokenizer_json"))
    #expect([small.startID, small.endID, small.padID] == [658, 659, 0])
  }

  /// Ids of published prompts, so that fixture and code cannot be wrong together.
  @Test func encodesKnownPrompts() throws {
    let clip = try CLIPTokenizer(directory: TokenizerFixtures.folder("clip_tokenizer"))
    #expect(clip.encode("a cat on the moon") == [49406, 320, 2368, 525, 518, 3293, 49407])
    #expect(clip.token(256) == "!</w>")
    #expect(clip.token(1125) == "photo</w>")
    #expect(clip.token(49408) == nil)
    #expect(clip.token(-1) == nil)
  }

  @Test func cutsAndPadsAroundTheEndToken() throws {
    let clip = try CLIPTokenizer(directory: TokenizerFixtures.folder("clip_tokenizer"))
    #expect(clip.encode("a cat on the moon", length: 4) == [49406, 320, 2368, 49407])
    #expect(clip.encode("a", length: 5) == [49406, 320, 49407, 49407, 49407])
    #expect(clip.encode("a cat", length: 2) == [49406, 49407])
    let small = try CLIPTokenizer(directory: TokenizerFixtures.folder("tokenizer_json"))
    #expect(small.encode("", length: 4) == [658, 659, 0, 0])
  }

  /// The ids were printed by transformers 5.23 for the same texts.
  @Test(
    arguments: [
      ("a <|endoftext|>b<|STARTOFTEXT|>", [320, 49407, 321, 27, 347, 993, 6659, 4160, 91, 285]),
      ("a<|endoftext|> 's<|endoftext|>'S", [320, 49407, 568, 49407, 568]),
      ("<|endoftext", [27, 347, 40786, 4160]),
      ("ΑΣ", [138, 109, 139, 481]),
      ("c\u{85}d\u{1c}q", [322, 323, 472, 336]),
      ("ǅ ﬀ İ ẞ", [131, 484, 171, 105, 478, 328, 16384, 127, 509]),
      ("don''ll '", [847, 8445, 865, 262]),
      ("x\u{378}y", [343, 137, 372, 344]),
      ("٣٤ 𝟘", [149, 352, 149, 353, 6874, 253, 502]),
    ] as [(String, [Int32])])
  func treatsRareTextLikeTransformers(_ text: String, _ ids: [Int32]) throws {
    let clip = try CLIPTokenizer(directory: TokenizerFixtures.folder("clip_tokenizer"))
    #expect(clip.encode(text) == [49406] + ids + [49407])
  }

  @Test(arguments: [
    ("A CAT,  on the Moon!", "a cat , on the moon !"), ("naïve 猫", "naïve 猫"), ("", ""),
    ("we'll 42", "we 'll 4 2"),
  ])
  func decodesWhatItEncodes(_ text: String, _ decoded: String) throws {
    let clip = try CLIPTokenizer(directory: TokenizerFixtures.folder("clip_tokenizer"))
    #expect(clip.decode(clip.encode(text, length: 77)) == decoded)
  }

  @Test func decodesUnknownIDsVisibly() throws {
    let small = try TokenizerFixtures.smallVocabulary().tokenizer()
    #expect(small.decode([99_999, -1]) == "\u{fffd}\u{fffd}")
  }

  /// A word of 200 000 letters takes for ever with a merge loop that searches the whole word.
  @Test(.timeLimit(.minutes(1))) func longWordsDoNotStall() throws {
    let clip = try CLIPTokenizer(directory: TokenizerFixtures.folder("clip_tokenizer"))
    let letters = (0..<200_000).map { Character(Unicode.Scalar(UInt8(97 + $0 * $0 % 26))) }
    let text = String(letters)
    #expect(clip.decode(clip.encode(text)) == text)
  }
}
