import PromptLanguage
import Testing

@Suite struct PromptCheckTests {
  @Test(
    arguments: [
      ("a (b", .unbalanced, 3), ("a ] b", .unbalanced, 3), ("a) b", .unbalanced, 2), ("((a)", .unbalanced, 1),
      ("(a [b) c]", .crossing, 6), ("é (", .unbalanced, 3), ("a | b [c:3]", .schedule, 3), ("<wild:x>", .tag, nil),
      ("<lora:x:much>", .tag, nil), ("ratio 16:9", .weight, nil),
    ] as [(String, PromptProblem.Kind, Int?)])
  func problemsSayWhere(prompt: String, kind: PromptProblem.Kind, column: Int?) throws {
    let found = PromptCheck.problems(prompt)
    #expect(found.map(\.kind) == [kind] && found[0].column == column)
    let line = found[0].description
    #expect(!line.contains("\n") && line.hasPrefix("the prompt"))
    if let column { #expect(line.contains("column \(column):")) }
  }

  @Test(arguments: [
    #"(a) [b:c:3] \( <lora:x:1>"#, "", "a, b", "[a|b]", "(a:1.2) AND b:0.5", #"\\(a)"#, "(([a]))", "a | b",
  ]) func soundPromptsHaveNone(prompt: String) throws {
    #expect(PromptCheck.problems(prompt).isEmpty)
    try PromptCheck.requireBalance(prompt)
  }

  /// The first one by column, and only brackets.
  @Test func strictReading() throws {
    let error = try #require(throws: PromptProblem.self) { try PromptCheck.requireBalance("(a ]") }
    #expect(error.column == 1 && error.kind == .unbalanced)
    try PromptCheck.requireBalance("<wild:x> ratio 16:9")
  }
}
