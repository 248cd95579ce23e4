import PromptLanguage
import Testing

/// What hostile prompts did: 25 s for 10,000 tags, a minute for 300,000 brackets, 7.4 GB for 150,000 parts.
@Suite struct PromptLimitsTests {
  private func problem(_ piece: String, _ count: Int, isLiteral: Bool = false) -> String? {
    do {
      try PromptLimits.check(String(repeating: piece, count: count), isLiteral: isLiteral)
      return nil
    } catch {
      return "\(error)"
    }
  }

  @Test func limitsAreNamed() {
    #expect(problem("[a:", 300_000) == "the prompt: has 900000 characters; at most 100000 are read: shorten it")
    #expect(problem("a AND ", 150) == "the prompt: joins 151 texts by AND; at most 64 are: leave some out")
    #expect(
      problem("[", 1000)
        == "the prompt, column 201: more than 200 brackets are open at once: close some, or write \\[ for text")
    #expect(problem("(", 201) != nil && problem("(", 200) == nil)
    #expect(problem("[", 1000, isLiteral: true) == nil && problem("a AND ", 150, isLiteral: true) == nil)
    #expect(problem("(a)[b]", 10_000) == nil && problem("\\(", 10_000) == nil && problem("<lora:", 10_000) == nil)
    #expect(
      problem("\u{301}\u{323}", 40) == "the prompt, column 65: more than 64 combining marks in a row: leave some out")
    #expect(problem("e\u{301}", 30_000) == nil && problem("\u{301}", 64, isLiteral: true) == nil)
    #expect(throws: PromptProblem.self) { try PromptLimits.check("a :\(String(repeating: "9", count: 60))") }
  }

  /// Everything within the limits is read in time proportional to its length: none of these ends in a test's time otherwise.
  @Test(arguments: [
    "<lora:", "<lora:x", "<a:b>", "<", "(a)", "a]", ")(", "[a|b]", "[a:b:3]", "a BREAK ", "# a\n", "\\", ":1.1)", "a: ",
    "{prompt}", "((a:1.1)", "[(])",
  ])
  func longPrompts(piece: String) {
    let prompt = String(repeating: piece, count: PromptLimits.characters / piece.unicodeScalars.count)
    let parts = Prompt(prompt).parts
    #expect(!parts.isEmpty && !PromptSchedule(prompt, steps: 4).entries.isEmpty)
    _ = PromptCheck.problems(prompt)
    if (try? PromptLimits.check(prompt)) != nil { #expect(!EmphasisParser.parse(prompt).isEmpty) }
  }

  @Test func stylesDoNotGrowWithoutEnd() throws {
    let styles = try PromptStyles(csv: "name,prompt,negative_prompt\nx,{prompt} {prompt},\n")
    #expect(throws: PromptStyles.Failure.tooLong(name: "x")) {
      try styles.apply(Array(repeating: "x", count: 64), prompt: "a", negative: "")
    }
  }

  @Test func crossingAndUnbalanced() {
    let found = PromptCheck.problems("(a [b) c] ) (")
    #expect(found.map(\.kind) == [.crossing, .unbalanced, .unbalanced] && found.map(\.column) == [6, 11, 13])
  }
}
