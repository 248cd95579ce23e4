import PromptLanguage
import Testing

@Suite struct PromptStylesTests {
  @Test func mergedInOrder() throws {
    let styles = try PromptStyles(
      csv: "name,prompt,negative_prompt\nink,\"ink drawing of {prompt}, lines\",colour\nsoft,\"soft, light\",\n")
    let result = try styles.apply(["ink", "soft"], prompt: "a cat", negative: "blurry")
    #expect(result.prompt == "ink drawing of a cat, lines, soft, light" && result.negative == "blurry, colour")
    #expect(try styles.apply([], prompt: "a ", negative: "").prompt == "a ")
    #expect(try styles.apply(["soft"], prompt: "", negative: "").prompt == "soft, light")
  }

  @Test func quotedFields() throws {
    let styles = try PromptStyles(
      csv: "\u{feff}name,prompt,negative_prompt\r\n\"a, b\",\"say \"\"hi\"\"\r\nthere\",\"x\"\r\n\r\nlast,p")
    #expect(styles.styles.map(\.name) == ["a, b", "last"])
    #expect(styles.styles[0].prompt == "say \"hi\"\nthere" && styles.styles[0].negativePrompt == "x")
    #expect(styles.styles[1].prompt == "p" && styles.styles[1].negativePrompt == "")
  }

  /// `text` is what the column was called first.
  @Test func oldHeader() throws {
    #expect(try PromptStyles(csv: "name,text\nx,y\n").styles.map(\.prompt) == ["y"])
  }

  @Test(
    arguments: [
      ("a,b\n", .noHeader), ("", .noHeader), ("name,prompt\nx,y\nz,\"open\n\n", .openQuote(line: 3)),
    ] as [(String, PromptStyles.Failure)])
  func brokenFiles(csv: String, failure: PromptStyles.Failure) {
    #expect(throws: failure) { try PromptStyles(csv: csv) }
  }

  @Test func unknownName() throws {
    let styles = try PromptStyles(csv: "name,prompt\nink,x\n")
    #expect(throws: PromptStyles.Failure.unknown(name: "oil", known: ["ink"])) {
      try styles.apply(["oil"], prompt: "", negative: "")
    }
  }
}
