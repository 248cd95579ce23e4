import Foundation
import Images
import Testing

@Suite struct GenerationParametersTests {
  private static let fields: [GenerationParameters.Field] = [
    ("Steps", "20"), ("Sampler", "DPM++ 2M"), ("CFG scale", "7.5"), ("Seed", "42"),
    ("Size", "512x768"), ("Lora hashes", "cat: 0123, dog: 4567"),
  ]

  @Test func writesTheLayoutOfA1111() {
    let parameters = GenerationParameters(
      prompt: "a cat, (moon:1.2)\nsecond line", negativePrompt: "blurry", fields: Self.fields)
    #expect(
      parameters.format() == """
        a cat, (moon:1.2)
        second line
        Negative prompt: blurry
        Steps: 20, Sampler: DPM++ 2M, CFG scale: 7.5, Seed: 42, Size: 512x768, \
        Lora hashes: "cat: 0123, dog: 4567"
        """)
  }

  @Test(
    arguments: [
      "a cat", "", "a, b, c", "say \"cheese\"", "\"all quoted\"", "two\nlines", "blank\n\nbetween",
      "猫が月に 😀 é", " spaces at the ends ", "trailing line\n", "windows\r\nline", "back\\slash \\n",
      "x\nSteps: 20, Sampler: Euler, Seed: 1", "x\nSteps: 20, Sampler: Euler, Seed: 1\ny",
      "Steps: 1, Sampler: b, Seed: 3", "a\nNegative prompt: b", "Negative prompt: b\nc", "tab\tin",
    ],
    [
      "", "ugly, \"bad\"", "two\nlines", "x\nSteps: 20, Sampler: Euler, Seed: 1",
      "Negative prompt: n",
    ])
  func roundTripsPrompts(_ prompt: String, _ negative: String) {
    let few: [GenerationParameters.Field] = [("Steps", "20")]
    for fields in [Self.fields, few, []] {
      let parameters = GenerationParameters(
        prompt: prompt, negativePrompt: negative, fields: fields)
      #expect(GenerationParameters(parsing: parameters.format()) == parameters)
    }
  }

  @Test(arguments: [
    "plain", "", "a, b", "a: b", "two\nlines", "\"quoted\"", "\"", "\"open", "shut\"",
    "back\\slash",
    "\\\"", " space ", "猫, 😀", "tab\t, bell\u{7}", "{\"json\": [1, 2]}", "a/b", "\r\n",
  ])
  func roundTripsValues(_ value: String) {
    let parameters = GenerationParameters(
      prompt: "p", fields: [("First", value), ("Steps", "20"), ("Hires upscale/x-1", value)])
    #expect(GenerationParameters(parsing: parameters.format()) == parameters)
  }

  @Test func plainPromptsAreNotRepeated() {
    let text = GenerationParameters(prompt: "a \"b\", c", fields: Self.fields).format()
    #expect(!text.contains("Exact prompt"))
  }

  /// What Python's `re.findall` gives for A1111's expression, quotes removed where JSON allows.
  @Test func splitsLinesAsA1111Does() throws {
    struct Line: Decodable {
      struct Pair: Decodable { let key, value: String }
      let line: String
      let pairs: [Pair]
    }
    let lines = try JSONDecoder().decode(
      [Line].self, from: Data(contentsOf: ImageFixtures.url("infotext_lines.json")))
    #expect(lines.count == 400)
    var withFields = 0
    for line in lines {
      // Below another line and with what makes three pairs of any, so that it always counts as
      // settings.
      let parsed = GenerationParameters(parsing: "p\nAA: 1, BB: 2, CC: 3,\(line.line)")
      // The end of the text loses its spaces before it is split.
      let trimmed = line.line.trimmingCharacters(in: .whitespacesAndNewlines)
      guard trimmed == line.line else { continue }
      let expected = line.pairs.map { pair -> [String] in
        let isQuoted = pair.value.hasPrefix("\"") && pair.value.hasSuffix("\"")
        let plain = try? JSONDecoder().decode(String.self, from: Data(pair.value.utf8))
        return [pair.key, isQuoted ? plain ?? pair.value : pair.value]
      }
      #expect(
        parsed.fields.dropFirst(3).map { [$0.key, $0.value] } == expected,
        "\(line.line.debugDescription)")
      withFields += expected.isEmpty ? 0 : 1
    }
    #expect(withFields > 50)
  }

  @Test func readsWhatOthersWrite() {
    let text = """
      a photo of a cat  \r
      Negative prompt: blurry,
      ugly
      Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 640x512, Version: v1.9.4
      """
    let parameters = GenerationParameters(parsing: text)
    #expect(parameters.prompt == "a photo of a cat")
    #expect(parameters.negativePrompt == "blurry,\nugly")
    #expect(parameters["Sampler"] == "Euler a")
    #expect(parameters.size?.width == 640 && parameters.size?.height == 512)
    #expect(parameters.clipSkip == 1)
    #expect(parameters.randomSource == "GPU")
    let plain = GenerationParameters(parsing: "only: words, and: two")
    #expect(plain.prompt == "only: words, and: two" && plain.fields.isEmpty)
    #expect(GenerationParameters(parsing: "").prompt.isEmpty)
  }

  /// Settings that are not one last line: quoted values with line breaks, lines that other tools add.
  @Test(arguments: [
    ("Steps: 4, Sampler: Euler, Seed: 1, Extra: \"one\ntwo: a, b: c, d: e\", Size: 8x8", "one\ntwo: a, b: c, d: e", 0),
    ("Steps: 4, Sampler: Euler, Seed: 1, Extra: \"one\n\n{\\\"x\\\": 1}\n\", Size: 8x8", "one\n\n{\"x\": 1}\n", 0),
    ("Steps: 4, Sampler: Euler, Seed: 1, Size: 8x8\nExtra: \"x\"", "x", 0),
    ("Steps: 4, Sampler: Euler, Seed: 1, Size: 8x8, Extra: x\nsome words\nmore words", "x", 2),
    ("Steps: 4, Sampler: Euler, Seed: 1, Size: 8x8, Extra: \"never closed\nXX: y", "\"never closed", 0),
    ("Steps: 4, Seed: 1, Size: 8x8, Extra: x", "x", 0),
  ])
  func settingsOfSeveralLines(settings: String, extra: String, unread: Int) {
    let parameters = GenerationParameters(parsing: "a cat\nNegative prompt: dog\n\(settings)")
    #expect(parameters.prompt == "a cat" && parameters.negativePrompt == "dog")
    #expect(parameters["Steps"] == "4" && parameters["Seed"] == "1" && parameters["Size"] == "8x8")
    #expect(parameters["Extra"] == extra && parameters.unread.count == unread, "\(parameters)")
  }

  @Test func setsReplacesAndRemovesFields() {
    var parameters = GenerationParameters(prompt: "", fields: [("Steps", "1"), ("Seed", "2")])
    parameters["Steps"] = "30"
    parameters["Clip skip"] = "2"
    parameters["Seed"] = nil
    parameters["none"] = nil
    #expect(parameters.fields.map(\.key) == ["Steps", "Clip skip"])
    #expect(parameters["Steps"] == "30" && parameters.clipSkip == 2)
    parameters["Size"] = "12xy"
    #expect(parameters.size == nil)
  }

  @Test func survivesAPNGAndAJPEG() throws {
    let parameters = GenerationParameters(prompt: "猫, \"x\"\ny", fields: Self.fields)
    let image = ImageFixtures.noise(width: 4, height: 4, channels: 3)
    try ImageFixtures.withFolder { folder in
      for name in ["a.png", "a.jpg"] {
        let url = folder.appendingPathComponent(name)
        try ImageFile.save(image, to: url, text: [(ImageFile.parametersKey, parameters.format())])
        let text = try #require(try ImageFile.parameters(of: url))
        #expect(GenerationParameters(parsing: text) == parameters)
      }
    }
  }
}
