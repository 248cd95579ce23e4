import Conditioning
import Models
import Testing

@Suite struct ClassNamesTests {
  private let names = ClassNames(["tench, Tinca tinca", "goldfish", "great white shark, white shark"], noClass: 3)

  private func index(_ text: String, _ names: ClassNames) throws -> Int? {
    var memory = TextMemory()
    let told = try names.encode([text], clipSkip: nil, TextReading(precision: .f32), &memory)
    #expect(told[0].context == nil && told[0].length == 0)
    return told[0].classes?.first
  }

  @Test(arguments: [
    ("goldfish", 1), ("Tench", 0), ("tinca  tinca", 0), ("white shark", 2), ("tench, tinca tinca", 0), ("2", 2),
    ("", 3),
  ])
  func texts(text: String, wanted: Int) throws { #expect(try index(text, names) == wanted) }

  @Test func otherWords() throws {
    let error = try #require(throws: GenerationError.self) { try index("a goldfish", names) }
    #expect(
      error.description
        == "the prompt \"a goldfish\": names no class of the model, which knows tench, Tinca tinca; goldfish; great white "
        + "shark, white shark")
    #expect(throws: GenerationError.self) { try index("3", names) }
    // Without a class for none the empty text is no class.
    #expect(throws: GenerationError.self) { try index("", ClassNames(["a"], noClass: nil)) }
    #expect(throws: GenerationError.self) { try names.check(clipSkip: 1) }
  }

  /// Guidance measures from the class for none, and from nothing else.
  @Test func planned() throws {
    let encoder = PromptEncoder(names, TextReading(precision: .f32))
    let step = try encoder.plan(
      prompt: "[goldfish:tench:1]", negative: nil, steps: 4, guidanceIsOn: true, clipSkip: nil
    ).step(3)
    #expect(step.parts.map(\.conditioning.classes) == [[0]] && step.unconditional?.classes == [3])
    let against = try encoder.plan(
      prompt: "goldfish", negative: "tench", steps: 2, guidanceIsOn: true, clipSkip: nil)
    #expect(against.step(0).unconditional?.classes == [0])
  }
}
