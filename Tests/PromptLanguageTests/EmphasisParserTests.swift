import PromptLanguage
import Testing

@Suite struct EmphasisParserTests {
  private func weights(_ prompt: String) -> [(String, Float)] {
    EmphasisParser.parse(prompt).map {
      switch $0 {
      case .text(let text, let weight): (text, weight)
      case .chunkBreak: ("BREAK", -1)
      }
    }
  }

  /// AUTOMATIC1111's documented examples and the rules they follow from; weights are products of 1.1 and the like in
  /// float32, hence 1e-5.
  @Test(
    arguments: [
      ("normal text", [("normal text", 1)]),
      ("an (important) word", [("an ", 1), ("important", 1.1), (" word", 1)]),
      ("(unbalanced", [("unbalanced", 1.1)]),
      (#"\(literal\]"#, [("(literal]", 1)]),
      ("(unnecessary)(parens)", [("unnecessaryparens", 1.1)]),
      (
        "a (((house:1.3)) [on] a (hill:0.5), sun, (((sky))).",
        [
          ("a ", 1), ("house", 1.573), (" ", 1.1), ("on", 1), (" a ", 1.1), ("hill", 0.55), (", sun, ", 1.1),
          ("sky", 1.4641), (".", 1.1),
        ]
      ),
      ("[less] (more:1.5)", [("less", 1 / 1.1), (" ", 1), ("more", 1.5)]),
      ("a:b", [("a:b", 1)]), ("stray ) and ]", [("stray ) and ]", 1)]), ("x:1.2)", [("x:1.2)", 1)]),
      ("(a : 1.2 )", [("a ", 1.2)]), ("(a:+1.2)", [("a", 1.2)]), ("(a:.5)", [("a", 0.5)]), ("(a:2.)", [("a", 2)]),
      ("(x:1.2.3)", [("x:1.2.3", 1.1)]), ("(a:-0.5)", [("a", -0.5)]), ("(a:1,2)", [("a:1,2", 1.1)]), ("", [("", 1)]),
      (#"back\\slash"#, [(#"back\slash"#, 1)]), (#"a\b"#, [("ab", 1)]), (#"end\"#, [("end", 1)]),
      ("(a [b) c]", [("a ", 1.1), ("b", 1), (" c", 1 / 1.1)]), ("[[a", [("a", 1 / 1.21)]), ("()", [("", 1)]),
      ("[(a:1.1)]", [("a", 1)]), (":)", [(":)", 1)]), ("(a\u{301})\u{301}", [("a\u{301}", 1.1), ("\u{301}", 1)]),
      ("a BREAK b", [("a", 1), ("BREAK", -1), ("b", 1)]), ("BREAK", [("", 1), ("BREAK", -1), ("", 1)]),
      ("(a BREAK b:1.2)", [("a", 1.2), ("BREAK", -1), ("b", 1.2)]), ("BREAKING break", [("BREAKING break", 1)]),
      ("a\nBREAK\r\nb", [("a", 1), ("BREAK", -1), ("b", 1)]),
    ] as [(String, [(String, Float)])])
  func examples(prompt: String, expected: [(String, Float)]) {
    let found = weights(prompt).filter { !$0.0.isEmpty || prompt.count < 6 }
    #expect(found.map(\.0) == expected.map(\.0))
    for (a, b) in zip(found, expected) { #expect(abs(a.1 - b.1) < 1e-5, "\(a) instead of \(b)") }
  }

  /// Words around equal weights are one text: the tokenizer must see "ab", not "a" and "b".
  @Test func equalNeighboursAreJoined() {
    #expect(EmphasisParser.parse(#"a\(b\)"#) == [.text("a(b)", weight: 1)])
    #expect(EmphasisParser.parse("([a])b") == [.text("ab", weight: 1)])
  }
}
