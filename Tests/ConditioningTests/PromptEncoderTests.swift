import Checkpoints
import Conditioning
import Foundation
import PipelineSupport
import ReferenceSupport
import TensorCore
import TestSupport
import Testing

/// Emphasis, chunks, clip skip and embeddings against a second implementation in numpy over transformers' encoder.
@Suite struct PromptEncoderTests {
  /// Float32 against double precision behind the encoder: 1e-5 of the values' range.
  private func expectEqual(_ context: Tensor, _ key: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let expected = try TensorFile(PromptFixtures.url("states.safetensors")).tensor(key).floats()
    let range = (expected.max() ?? 0) - (expected.min() ?? 0)
    expectClose(
      PromptFixtures.thinned(context), expected, atol: 1e-5 * range, key, sourceLocation: sourceLocation)
  }

  @Test(arguments: [Emphasis.original, .noNorm, .comfy, .ignore])
  func rules(emphasis: Emphasis) throws {
    let found = try PromptFixtures.encoder(emphasis).encode("a (cat:1.3) on the [moon]", clipSkip: nil)
    try expectEqual(found.states, "plain.\(emphasis.rawValue)")
  }

  @Test func skippedLayers() throws {
    try expectEqual(
      PromptFixtures.encoder().encode("a (cat:1.3) on the [moon]", clipSkip: 1).states, "skip.original")
  }

  @Test func longPromptsAreCutBehindAComma() throws {
    let text = try String(contentsOf: PromptFixtures.url("long.txt"), encoding: .utf8)
    try expectEqual(PromptFixtures.encoder().encode("\(text)( end:1.5)", clipSkip: nil).states, "long.original")
  }

  @Test func longPromptsWithoutCommas() throws {
    try expectEqual(
      PromptFixtures.encoder(.comfy).encode("(\(PromptFixtures.words(80)):0.8)", clipSkip: nil).states, "solid.comfy")
  }

  @Test func breaks() throws {
    try expectEqual(
      PromptFixtures.encoder().encode("a cat BREAK (the moon:1.2)", clipSkip: nil).states, "break.original")
  }

  @Test(arguments: ["a (zorb:1.25) on the moon", "a (embedding:zorb:1.25) on the moon"])
  func embeddings(prompt: String) throws {
    let encoder = try PromptFixtures.encoder(embeddings: [try PromptFixtures.zorb()])
    try expectEqual(encoder.encode(prompt, clipSkip: nil).states, "word.original")
  }

  /// The texts of a schedule are one batch, whose mean is kept.
  @Test func schedulesShareAMean() throws {
    let plan = try PromptFixtures.encoder().plan(
      prompt: "a [(cat:1.4):(dog:0.6):2] at sea", negative: nil, steps: 4, guidanceIsOn: false, clipSkip: nil)
    try expectEqual(plan.step(0).parts[0].conditioning.states, "schedule.first")
    try expectEqual(plan.step(3).parts[0].conditioning.states, "schedule.second")
  }

  /// Without syntax every rule gives the encoder's own states, to the bit; `none` takes brackets as letters.
  @Test(arguments: Emphasis.allCases) func plainTextIsUntouched(emphasis: Emphasis) throws {
    let text = emphasis == .none ? "a (cat:1.3) [on|the] moon" : "a cat on the moon, at night"
    let ids = try PromptFixtures.tokenizer().encode(text, length: 77)
    let expected = try PromptFixtures.model()([ids]).lastHiddenState
    let found = try PromptFixtures.encoder(emphasis).encode(text, clipSkip: nil).states
    #expect(found.floats() == expected.floats())
  }

  /// Weight 1 written out changes nothing either.
  @Test(arguments: Emphasis.allCases.filter { $0 != .none }) func weightOne(emphasis: Emphasis) throws {
    let encoder = try PromptFixtures.encoder(emphasis)
    let plain = try encoder.encode("a cat", clipSkip: nil).states
    #expect(try encoder.encode("a (cat:1.0)", clipSkip: nil).states.floats() == plain.floats())
  }

  /// Plain normalisation leaves a mean of rounding: scaling by a ratio of two such would make any picture of it.
  @Test func noMeanToRestore() throws {
    let text = try ReferencePipelines.components(ReferenceCase("sd1_tiny")).text
    func context(_ emphasis: Emphasis) throws -> [Float] {
      let encoder = PromptEncoder(text, TextReading(precision: .f32, emphasis: emphasis))
      return try encoder.encode("a (cat:1.5)", clipSkip: nil).states.floats()
    }
    // One weighted word moves the mean by rounding too: what is left of it is below 1e-6 of the states.
    #expect(try context(.original) == context(.noNorm))
  }

  /// ComfyUI's rule moves only the words it is about.
  @Test func comfyLeavesOtherWords() throws {
    let encoder = try PromptFixtures.encoder(.comfy)
    let plain = try encoder.encode("a cat", clipSkip: nil).states.floats()
    let weighted = try encoder.encode("a (cat:1.5)", clipSkip: nil).states.floats()
    let changed = (0..<77).filter { plain[($0 * 32)..<(($0 + 1) * 32)] != weighted[($0 * 32)..<(($0 + 1) * 32)] }
    #expect(changed == [2])
  }

  @Test(arguments: [-1, 4]) func layersThatAreNotThere(clipSkip: Int) throws {
    let encoder = try PromptFixtures.encoder()
    let error = try #require(throws: GenerationError.self) { try encoder.encode("a", clipSkip: clipSkip) }
    #expect(error.description == "--clip-skip \(clipSkip): must be 0 to 3: the text encoder has 3 layers")
  }
}
