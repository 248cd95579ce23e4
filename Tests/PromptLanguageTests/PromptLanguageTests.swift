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
      ("(x:1.2.3)", [("x:1.2.3", 1.1)]), ("(a:-0.5)", [("a", -0.5)]), ("", [("", 1)]),
      (#"back\\slash"#, [(#"back\slash"#, 1)]),
      ("a BREAK b", [("a", 1), ("BREAK", -1), ("b", 1)]),
      ("(a BREAK b:1.2)", [("a", 1.2), ("BREAK", -1), ("b", 1.2)]), ("BREAKING", [("BREAKING", 1)]),
    ] as [(String, [(String, Float)])])
  func examples(prompt: String, expected: [(String, Float)]) {
    let found = weights(prompt)
    #expect(found.map(\.0) == expected.map(\.0))
    for (a, b) in zip(found, expected) { #expect(abs(a.1 - b.1) < 1e-5, "\(a) instead of \(b)") }
  }
}

@Suite struct PromptScheduleTests {
  /// Texts and the steps they last to, for ten steps.
  @Test(
    arguments: [
      ("test", [(10, "test")]),
      ("a [b:3]", [(3, "a "), (10, "a b")]),
      ("a [b: 3]", [(3, "a "), (10, "a b")]),
      ("a [[[b]]:2]", [(2, "a "), (10, "a [[b]]")]),
      ("[(a:2):3]", [(3, ""), (10, "(a:2)")]),
      ("a [b : c : 1] d", [(1, "a b  d"), (10, "a  c  d")]),
      ("a[b:[c:d:2]:1]e", [(1, "abe"), (2, "ace"), (10, "ade")]),
      ("a [unbalanced", [(10, "a [unbalanced")]),
      ("a [b:.5] c", [(5, "a  c"), (10, "a b c")]),
      ("a [b:1.5]", [(10, "a ")]),
      ("a [b::4]", [(4, "a b"), (10, "a ")]),
      ("a [b:20]", [(10, "a ")]),
      ("[a:b]", [(10, "[a:b]")]), ("[a]", [(10, "[a]")]), (#"\[a:b:3\]"#, [(10, #"\[a:b:3\]"#)]),
      ("a | b [c:3]", [(10, "a | b [c:3]")]),
      ("((a][:b:c [d:3]", [(3, "((a][:b:c "), (10, "((a][:b:c d")]),
    ] as [(String, [(Int, String)])])
  func tenSteps(prompt: String, expected: [(Int, String)]) {
    let entries = PromptSchedule(prompt, steps: 10).entries
    #expect(entries.map(\.lastStep) == expected.map(\.0))
    #expect(entries.map(\.text) == expected.map(\.1))
  }

  @Test func alternation() {
    let entries = PromptSchedule("[fe|]male", steps: 4).entries
    #expect(entries.map(\.text) == ["female", "male", "female", "male"])
    #expect(entries.map(\.lastStep) == [1, 2, 3, 4])
    #expect(PromptSchedule("[fe|||]male", steps: 4).entries.map(\.text) == ["female", "male", "male", "male"])
  }

  /// Steps are counted from 0 and compared with "at most", as AUTOMATIC1111 does it: a switch at 3 comes after four steps.
  @Test func stepsOfASwitch() {
    let schedule = PromptSchedule("[a:b:3]", steps: 10)
    #expect((0..<10).map { schedule.text(atStep: $0) } == ["a", "a", "a", "a"] + Array(repeating: "b", count: 6))
  }
}

@Suite struct PromptTests {
  @Test func partsAndTags() {
    let prompt = Prompt("a cat :1.2 AND a dog AND (x:1.3)<lora:ink:0.5:0.8> # note\nBRAND")
    #expect(
      prompt.parts == [
        .init(text: "a cat", weight: 1.2), .init(text: "a dog", weight: 1), .init(text: "(x:1.3) \nBRAND", weight: 1),
      ])
    let lora = prompt.tags.first?.lora
    #expect(lora?.name == "ink" && lora?.textWeight == 0.5 && lora?.unetWeight == 0.8)
    #expect(Prompt("plain, text").parts == [.init(text: "plain, text", weight: 1)])
    #expect(Prompt("1 < 2 > 1").tags.isEmpty)
    #expect(Prompt("<lora:a>").tags.first?.lora?.unetWeight == 1)
    #expect(Prompt("<lora:a:te=0.3:unet=0.7>").tags.first?.lora?.textWeight == 0.3)
  }

  @Test(arguments: [
    ("a (b", "column 3"), ("a ] b", "column 3"), ("(a]", "column 3"), ("<wild:x>", "wild"),
  ]) func problemsNameTheColumn(prompt: String, part: String) {
    #expect(PromptCheck.problems(prompt).contains { $0.contains(part) })
  }

  @Test(arguments: ["(a) [b:c:3] \\( <lora:x:1>", "", "a, b"]) func soundPromptsHaveNone(prompt: String) {
    #expect(PromptCheck.problems(prompt).isEmpty)
  }

  @Test func styles() throws {
    let styles = try PromptStyles(
      csv: "name,prompt,negative_prompt\nink,\"ink drawing of {prompt}, lines\",colour\nsoft,\"soft, light\",\n")
    let result = try styles.apply(["ink", "soft"], prompt: "a cat", negative: "blurry")
    #expect(result.prompt == "ink drawing of a cat, lines, soft, light" && result.negative == "blurry, colour")
    #expect(throws: PromptStyles.Failure.unknown(name: "oil", known: ["ink", "soft"])) {
      try styles.apply(["oil"], prompt: "", negative: "")
    }
    #expect(throws: PromptStyles.Failure.noHeader) { try PromptStyles(csv: "a,b\n") }
  }
}
