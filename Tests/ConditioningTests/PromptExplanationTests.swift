import Conditioning
import Foundation
import PipelineSupport
import TensorCore
import Testing

/// Tokens and chunks as the encoder gets them, seen through the explanation.
@Suite struct PromptExplanationTests {
  private func explain(
    _ prompt: String, steps: Int = 10, emphasis: Emphasis = .original, embeddings: [TextualInversion] = [],
    length: Int = 77
  ) throws -> PromptExplanation {
    PromptExplanation(
      prompt, steps: steps, tokenizer: try PromptFixtures.tokenizer(), length: length, emphasis: emphasis,
      embeddings: embeddings)
  }

  private func sizes(_ prompt: String, embeddings: [TextualInversion] = []) throws -> [Int] {
    try explain(prompt, embeddings: embeddings).texts[0].chunks.map(\.count)
  }

  private func word(_ name: String, count: Int) -> TextualInversion {
    TextualInversion(
      name: name, vectors: [Tensor([Float](repeating: 0, count: count * 4), shape: [count, 4])])
  }

  /// Texts that take turns are one group, from the second step on: AUTOMATIC1111's first two steps have one text.
  @Test(
    arguments: [
      ("a", ["1-10 a"]), ("[a|b]", ["1-2 a", "3-10 b|a"]), ("[a:b:4]", ["1-5 a", "6-10 b"]),
      ("[a|b|c]", ["1-2 a", "3-10 b|c|a"]), ("[a|b][c:d:6]", ["1-2 ac", "3-7 bc|ac", "8-8 ad", "9-9 bd", "10-10 ad"]),
    ] as [(String, [String])])
  func turns(prompt: String, expected: [String]) throws {
    let groups = PromptExplanation.Turns.groups(try explain(prompt).parts[0].stretches)
    let lines = groups.map { "\($0.firstStep)-\($0.lastStep) \($0.texts.joined(separator: "|"))" }
    #expect(lines == expected)
  }

  @Test func tokensAndWeights() throws {
    let tokens = try explain("a (cat:1.3), [moon]").texts[0].chunks[0]
    #expect(tokens.map(\.id) == [320, 2368, 267, 3293])
    #expect(tokens.map(\.token) == ["a</w>", "cat</w>", ",</w>", "moon</w>"])
    #expect(tokens.map(\.weight) == [1, 1.3, 1, Float(1 / 1.1)])
  }

  /// Rows of 75; a comma at most 20 tokens back takes what follows it along. One word is one token here.
  @Test(
    arguments: [
      (0, 0, [0]), (75, 0, [75]), (76, 0, [75, 1]), (151, 0, [75, 75, 1]),
      // 60 words, a comma, 20 more: the comma is the 61st token, 15 from the end.
      (60, 20, [61, 20]), (55, 30, [56, 30]), (54, 30, [75, 10]), (74, 3, [75, 3]), (75, 3, [75, 4]),
    ] as [(Int, Int, [Int])])
  func chunks(before: Int, after: Int, expected: [Int]) throws {
    let tail = after == 0 ? "" : ", \(PromptFixtures.words(after))"
    #expect(try sizes(PromptFixtures.words(before) + tail) == expected)
  }

  @Test(
    arguments: [
      ("a BREAK b c", [1, 2]), ("BREAK a", [0, 1]), ("a BREAK", [1]), ("a BREAK BREAK b", [1, 0, 1]),
    ] as [(String, [Int])])
  func breaks(prompt: String, expected: [Int]) throws { #expect(try sizes(prompt) == expected) }

  /// Vectors of one embedding stay together, and move with the words behind a comma.
  @Test func embeddingsStayTogether() throws {
    let eight = word("zorb", count: 8)
    #expect(try sizes("\(PromptFixtures.words(67)) zorb", embeddings: [eight]) == [75])
    #expect(try sizes("\(PromptFixtures.words(68)) zorb", embeddings: [eight]) == [68, 8])
    let moved = try explain("\(PromptFixtures.words(60)), one zorb two three four five six seven", embeddings: [eight])
    try #require(moved.texts[0].chunks.map(\.count) == [61, 15])
    #expect(moved.texts[0].chunks[1].map { $0.embedding ?? "" }.filter { !$0.isEmpty }.count == 8)
    #expect(moved.texts[0].chunks[1][1].embedding == "zorb" && moved.texts[0].chunks[1][0].embedding == nil)
  }

  /// The longest name wins; names may be several tokens.
  @Test func namesOfEmbeddings() throws {
    let words = [word("bad", count: 1), word("bad-hands-5", count: 2)]
    let tokens = try explain("bad, (bad-hands-5:0.5) bad hands", embeddings: words).texts[0].chunks[0]
    #expect(tokens.map(\.embedding) == ["bad", nil, "bad-hands-5", "bad-hands-5", "bad", nil])
    #expect(tokens.map(\.weight) == [1, 1, 0.5, 0.5, 1, 1])
    let own = TextualInversion(name: "file", token: "<cat-toy>", vectors: words[0].vectors)
    #expect(try explain("a <cat-toy>", embeddings: [own]).texts[0].chunks[0].map(\.embedding) == [nil, "file"])
  }

  @Test func stepsOfTexts() throws {
    let found = try explain("a [cat:dog:4] AND b :0.5", steps: 10)
    #expect(found.parts.map(\.weight) == [1, 0.5])
    #expect(found.parts[0].stretches.map(\.text) == ["a cat", "a dog"])
    #expect(
      found.parts[0].stretches.map(\.firstStep) == [1, 6] && found.parts[0].stretches.map(\.lastStep) == [5, 10])
    #expect(found.texts.map(\.text) == ["a cat", "a dog", "b"])
  }

  @Test func tagsAndProblems() throws {
    let found = try explain("a (b <lora:ink:0.6:0.4> <wild:x>")
    #expect(found.tags.map(\.name) == ["ink", nil])
    #expect(found.tags[0].textWeight == 0.6 && found.tags[0].unetWeight == 0.4)
    #expect(found.problems.count == 2 && found.problems[0].hasPrefix("the prompt, column 3: "))
    #expect(throws: (any Error).self) { try found.requireBalance() }
  }

  @Test func literalText() throws {
    let found = try explain("a (b:1.3) [c|d", emphasis: .none)
    #expect(found.problems.isEmpty && found.texts.map(\.text) == ["a (b:1.3) [c|d"])
    #expect(found.texts[0].chunks[0].allSatisfy { $0.weight == 1 })
    try found.requireBalance()
  }

  /// Rows of another length are chunks as well.
  @Test func shortRows() throws {
    let found = try explain("one two three", length: 4)
    #expect(found.problems.isEmpty && found.texts[0].chunks.map(\.count) == [2, 1] && found.chunkSize == 2)
  }

  /// Hundreds of problems are not told one by one.
  @Test func manyProblems() throws {
    let found = try explain(String(repeating: ")", count: 300))
    #expect(found.problems.count == 21 && found.problems[20] == "the prompt: 280 more like these")
  }
}
