import Testing
import Tokenizers

@Suite struct WordSplitterTests {
  @Test(
    arguments: [
      ("", []),
      (" \t\u{a0}\u{2028}\u{3000}", []),
      ("A cat's TAIL", ["a", "cat", "'s", "tail"]),
      (
        "they've we'll I'm he'd don't you're",
        [
          "they", "'ve", "we", "'ll", "i", "'m", "he", "'d",
          "don", "'t", "you", "'re",
        ]
      ),
      ("f/1.8 35mm", ["f", "/", "1", ".", "8", "3", "5", "mm"]),
      ("a,'s", ["a", ",'", "s"]),
      ("½ⅷ", ["½", "ⅷ"]),
      ("!<|EndOfText|>!", ["!<|", "endoftext", "|>!"]),
      ("<|EndOfText|>!", ["<|", "endoftext", "|>", "!"]),
      ("e\u{301}", ["\u{e9}"]),
      ("\u{200b}x", ["\u{200b}", "x"]),
    ] as [(String, [String])])
  func splits(_ text: String, _ words: [String]) {
    #expect(WordSplitter.words(in: text) == words.map { Array($0.utf8) })
  }
}
