import Foundation
import PromptLanguage
import Testing

@Suite struct PromptScheduleTests {
  /// Documented examples: texts and the steps they last to, for ten steps.
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
      ("a [b::4]", [(4, "a b"), (10, "a ")]),
      ("a [b:1.5]", [(10, "a ")]),
      ("a [b:20]", [(10, "a ")]),
      ("((a][:b:c [d:3]", [(3, "((a][:b:c "), (10, "((a][:b:c d")]),
    ] as [(String, [(Int, String)])])
  func documentedExamples(prompt: String, expected: [(Int, String)]) {
    let entries = PromptSchedule(prompt, steps: 10).entries
    #expect(entries.map(\.lastStep) == expected.map(\.0))
    #expect(entries.map(\.text) == expected.map(\.1))
  }

  /// A row of `Fixtures/prompts/schedules.json`.
  struct Case: Decodable, Sendable, CustomTestStringConvertible {
    let prompt: String
    let steps: Int
    let firstPass: Int?
    let entries: [PromptSchedule.Entry]
    var testDescription: String { "\(prompt), \(steps) steps" }

    enum CodingKeys: CodingKey { case prompt, steps, firstPass, entries }

    init(from decoder: any Decoder) throws {
      let c = try decoder.container(keyedBy: CodingKeys.self)
      prompt = try c.decode(String.self, forKey: .prompt)
      steps = try c.decode(Int.self, forKey: .steps)
      firstPass = try c.decodeIfPresent(Int.self, forKey: .firstPass)
      var rows = try c.nestedUnkeyedContainer(forKey: .entries)
      var entries: [PromptSchedule.Entry] = []
      while !rows.isAtEnd {
        var row = try rows.nestedUnkeyedContainer()
        let lastStep = try row.decode(Int.self)
        entries.append(.init(lastStep: lastStep, text: try row.decode(String.self)))
      }
      self.entries = entries
    }
  }

  static let table: [Case] = {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    let file = folder.appendingPathComponent("Fixtures/prompts/schedules.json")
    return (try? JSONDecoder().decode([Case].self, from: Data(contentsOf: file))) ?? []
  }()

  @Test func tableIsThere() { #expect(Self.table.count == 180) }

  /// What an Earley parser makes of the documented grammar.
  @Test(arguments: table) func grammar(row: Case) {
    #expect(PromptSchedule(row.prompt, steps: row.steps, after: row.firstPass).entries == row.entries)
  }

  @Test func alternation() {
    let entries = PromptSchedule("[fe|]male", steps: 4).entries
    #expect(entries.map(\.text) == ["female", "male", "female", "male"])
    #expect(entries.map(\.lastStep) == [1, 2, 3, 4])
    #expect(PromptSchedule("[fe|||]male", steps: 4).entries.map(\.text) == ["female", "male", "male", "male"])
    #expect(PromptSchedule("[a|(b:1.1)]", steps: 3).entries.map(\.text) == ["a", "(b:1.1)", "a"])
  }

  /// A count from 0 compared with "at most" an end counted from 1: a switch at 3 comes after four steps.
  @Test func stepsOfASwitch() {
    let schedule = PromptSchedule("[a:b:3]", steps: 10)
    #expect((0..<10).map { schedule.text(atStep: $0) } == ["a", "a", "a", "a"] + Array(repeating: "b", count: 6))
    #expect(schedule.text(atStep: 99) == "b")
  }

  /// In a second pass whole numbers count on, and shares from 1 on are its own.
  @Test(arguments: [
    ("[a:b:0.5]", ["b"]), ("[a:b:1.5]", ["a", "b"]), ("[a:b:10]", ["b"]), ("[a:b:23]", ["a", "b"]), ("[a:b:99]", ["a"]),
  ]) func secondPass(prompt: String, texts: [String]) {
    #expect(PromptSchedule(prompt, steps: 6, after: 20).entries.map(\.text) == texts)
  }

  /// Whatever the depth or length, no crash and no long wait; brackets too deep are text.
  @Test(arguments: ["(", "[", "[a|", "[a:", "(a:", "]", "[a]", "[x:y:0.5]", "\\"])
  func manyBrackets(piece: String) {
    let prompt = String(repeating: piece, count: 20_000)
    let schedule = PromptSchedule(prompt, steps: 4)
    #expect(!schedule.entries.isEmpty)
    #expect(!EmphasisParser.parse(String(prompt.prefix(4000))).isEmpty)
  }
}
