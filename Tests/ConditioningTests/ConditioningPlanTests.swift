import Conditioning
import Foundation
import PipelineSupport
import TensorCore
import Testing

@Suite struct ConditioningPlanTests {
  private func plan(
    _ prompt: String, negative: String? = "", steps: Int = 6, guidance: Bool = true, clipSkip: Int? = nil,
    _ encoder: PromptEncoder
  ) throws -> ConditioningPlan {
    try encoder.plan(
      prompt: prompt, negative: negative, steps: steps, guidanceIsOn: guidance, clipSkip: clipSkip)
  }

  private func context(_ text: String, clipSkip: Int? = nil, _ encoder: PromptEncoder) throws -> [Float] {
    try encoder.encode(text, clipSkip: clipSkip).states.floats()
  }

  @Test func stepsFollowTheSchedule() throws {
    let encoder = try PromptFixtures.encoder()
    let plan = try plan("a [cat:dog:2]", negative: "[x:y:0.5]", encoder)
    let (cat, dog) = (try context("a cat", encoder), try context("a dog", encoder))
    let (x, y) = (try context("x", encoder), try context("y", encoder))
    for index in 0..<6 {
      let step = plan.step(index)
      #expect(step.parts.count == 1 && step.parts[0].weight == 1)
      #expect(step.parts[0].conditioning.states.floats() == (index <= 2 ? cat : dog), "step \(index)")
      #expect(step.unconditional?.states.floats() == (index <= 3 ? x : y), "step \(index)")
    }
    #expect(plan.step(99).parts[0].conditioning.states.floats() == dog)
  }

  @Test func partsJoinedByAnd() throws {
    let encoder = try PromptFixtures.encoder()
    let parts = try plan("a cat :1.2 AND a [dog:bird:1] :-0.5", encoder).step(4).parts
    #expect(parts.map(\.weight) == [1.2, -0.5])
    #expect(parts[0].conditioning.states.floats() == (try context("a cat", encoder)))
    #expect(parts[1].conditioning.states.floats() == (try context("a bird", encoder)))
  }

  /// AND and tags are words there.
  @Test func negativePromptsAreOneText() throws {
    let encoder = try PromptFixtures.encoder()
    let step = try plan("a", negative: "blurry AND <lora:x:1>", encoder).step(0)
    #expect(step.unconditional?.states.floats() == (try context("blurry AND <lora:x:1>", encoder)))
    #expect(step.unconditional?.states.floats() != (try context("blurry", encoder)))
  }

  /// All have as many chunks as the longest; the fillers are empty prompts.
  @Test func shorterTextsAreFilledUp() throws {
    let encoder = try PromptFixtures.encoder()
    let step = try plan("\(PromptFixtures.words(100)) AND a cat", negative: "x", encoder).step(0)
    let all = step.parts.map(\.conditioning.states) + [step.unconditional?.states].compactMap { $0 }
    #expect(all.map(\.shape) == Array(repeating: [1, 154, 32], count: 3))
    let empty = try context("", encoder)
    #expect(all[1].floats() == (try context("a cat", encoder)) + empty)
    #expect(all[2].floats() == (try context("x", encoder)) + empty)
  }

  @Test func guidanceOff() throws {
    #expect(try plan("a", guidance: false, PromptFixtures.encoder()).step(0).unconditional == nil)
  }

  /// diffusers skips layers of the prompt only, AUTOMATIC1111 those of both.
  @Test(arguments: [false, true]) func clipSkipOfTheNegativePrompt(both: Bool) throws {
    var encoder = try PromptFixtures.encoder()
    encoder.skipsLayersOfNegative = both
    let step = try plan("\(PromptFixtures.words(80))", negative: "x", clipSkip: 1, encoder).step(0)
    let skip = both ? 1 : nil
    let expected = try context("x", clipSkip: skip, encoder) + context("", clipSkip: skip, encoder)
    #expect(step.unconditional?.states.floats() == expected)
  }

  @Test func literalTextHasNoSchedule() throws {
    let encoder = try PromptFixtures.encoder(.none)
    let step = try plan("a [cat:dog:2] AND b # c", negative: "d # e", encoder).step(5)
    #expect(step.parts.count == 1)
    #expect(step.parts[0].conditioning.states.floats() == (try context("a [cat:dog:2] AND b # c", encoder)))
    #expect(step.unconditional?.states.floats() == (try context("d # e", encoder)))
  }

  @Test func secondPass() throws {
    let encoder = try PromptFixtures.encoder()
    let plan = try encoder.plan(
      prompt: "[cat:dog:0.5]", negative: nil, steps: 4, after: 8, guidanceIsOn: false, clipSkip: nil)
    #expect(plan.step(0).parts[0].conditioning.states.floats() == (try context("dog", encoder)))
  }

  // MARK: SDXL

  private func encoderXL() throws -> PromptEncoder {
    PromptEncoder(try ReferencePipelines.componentsXL().text, TextReading(precision: .f32))
  }

  /// Two encoders side by side, pooled text of the first chunk alone, emphasis in the states only.
  @Test func twoEncoders() throws {
    let encoder = try encoderXL()
    let first = try encoder.encode("a cat on the moon", clipSkip: nil)
    let longer = try encoder.encode("a (cat:1.4) on the moon BREAK more", clipSkip: nil)
    let pooled = try #require(longer.pooled)
    #expect(pooled.floats() == first.pooled?.floats())
    #expect(longer.states.shape == [1, 154, first.states.shape[2]])
    #expect(longer.states.slice(axis: 1, from: 0, count: 77).floats() != first.states.floats())
  }

  @Test func zerosWithoutANegativePrompt() throws {
    let encoder = try encoderXL()
    let nothing = try #require(
      try plan(PromptFixtures.words(80), negative: nil, encoder).step(0).unconditional)
    #expect(nothing.states.shape[1] == 154 && nothing.states.floats().allSatisfy { $0 == 0 })
    #expect(nothing.pooled?.floats().allSatisfy { $0 == 0 } == true)
    let empty = try #require(try plan("a", negative: "", encoder).step(0).unconditional)
    #expect(empty.states.floats().contains { $0 != 0 })
  }
}
