import PromptLanguage
import Testing

@Suite struct PromptTests {
  private typealias Part = Prompt.Part

  @Test(
    arguments: [
      ("plain, text", [.init(text: "plain, text", weight: 1)]),
      ("", [.init(text: "", weight: 1)]),
      ("a cat :1.2 AND a dog", [.init(text: "a cat", weight: 1.2), .init(text: "a dog", weight: 1)]),
      (
        "a AND b:-0.5 AND (c:1.3)",
        [
          .init(text: "a", weight: 1), .init(text: "b", weight: -0.5), .init(text: "(c:1.3)", weight: 1),
        ]
      ),
      ("a:2", [.init(text: "a", weight: 2)]), ("a: .5 ", [.init(text: "a", weight: 0.5)]),
      ("a:1.2.3", [.init(text: "a:1.2.3", weight: 1)]), ("a:b", [.init(text: "a:b", weight: 1)]),
      ("[a:b:3]", [.init(text: "[a:b:3]", weight: 1)]), ("a:1e3", [.init(text: "a:1e3", weight: 1)]),
      ("BRAND SANDY aANDb and", [.init(text: "BRAND SANDY aANDb and", weight: 1)]),
      ("a,AND,b", [.init(text: "a,", weight: 1), .init(text: ",b", weight: 1)]),
    ] as [(String, [Prompt.Part])])
  func parts(prompt: String, expected: [Prompt.Part]) {
    #expect(Prompt(prompt).parts == expected)
  }

  /// `<lora:name:text encoder:U-Net>`; the U-Net's weight defaults to the other, which defaults to 1.
  @Test(
    arguments: [
      ("<lora:ink>", "ink", 1, 1), ("<lora:ink:0.5>", "ink", 0.5, 0.5), ("<lora:ink:0.5:0.8>", "ink", 0.5, 0.8),
      ("<lora:a:te=0.3:unet=0.7>", "a", 0.3, 0.7), ("<lora:a:unet=0.7>", "a", 1, 0.7),
      ("<lora:a:te=0.3:0.9:0.4>", "a", 0.3, 0.4), ("<lora:a b-c.d:-1>", "a b-c.d", -1, -1),
      ("<lyco:x:1:0>", "x", 1, 0), ("<lora:a: te = 0.5 >", "a", 0.5, 0.5),
      ("<lora:a:1e-1>", "a", 0.1, 0.1),
    ] as [(String, String, Float, Float)])
  func adapters(tag: String, name: String, text: Float, unet: Float) throws {
    let prompt = Prompt("a \(tag)b")
    #expect(prompt.parts == [Part(text: "a b", weight: 1)])
    let lora = try #require(prompt.tags.first).adapter()
    #expect(lora.name == name && lora.textWeight == text && lora.unetWeight == unet)
  }

  /// What is no weight is refused, and not left out.
  @Test(arguments: [
    ("x", "x"), ("te=y", "te=y"), ("1:2:8", "8"), ("1:nan", "nan"), ("foo=1", "foo=1"), ("1:0:dyn=4", "dyn=4"),
    ("", ""), ("0x1", "0x1"), ("te=", "te="),
  ])
  func weightsThatAreNone(weights: String, part: String) throws {
    let tag = try #require(Prompt("a <lora:style:\(weights)>").tags.first)
    let error = try #require(throws: PromptTagError.self) { try tag.adapter() }
    #expect("\(error)" == "<lora:style:\(weights)>: \"\(part)\" is not a weight: write <lora:name:0.8>")
    #expect(PromptCheck.problems("a \(tag)").map(\.message) == ["\(error)"])
  }

  @Test(arguments: ["1 < 2 > 1", "<lora>", "<lora:>", "<lora:a", "< lora:a>", "<>", "<<a>:b>"])
  func noTags(prompt: String) {
    #expect(Prompt(prompt).tags.isEmpty)
    #expect(Prompt(prompt).parts.map(\.text) == [prompt])
  }

  @Test func unknownAndBrokenTags() {
    let prompt = Prompt("a <hypernet:x:1><lora:y:much> < <lora:z>")
    #expect(prompt.tags.map(\.description) == ["<hypernet:x:1>", "<lora:y:much>", "<lora:z>"])
    #expect(prompt.tags.map { (try? $0.adapter())?.name } == [nil, nil, "z"])
  }

  @Test func comments() {
    #expect(Prompt("a # note\n# whole line\nb").parts == [Part(text: "a \nb", weight: 1)])
    #expect(Prompt("#all").parts == [Part(text: "", weight: 1)])
  }

  /// Only comments mean anything there.
  @Test func negativePrompts() {
    #expect(Prompt(negative: "a AND b:2 <lora:x:1> # note").parts == [Part(text: "a AND b:2 <lora:x:1> ", weight: 1)])
    #expect(Prompt(negative: "<lora:x:1>").tags.isEmpty)
  }
}
