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

  @Test(arguments: ["a,b\n", ""]) func noHeader(csv: String) {
    #expect(throws: PromptStyles.Failure.noHeader) { try PromptStyles(csv: csv) }
  }

  /// A bad row costs itself: the others are styles, and its line is told.
  @Test(arguments: [
    ("z,\"open\n", 3), ("z\n", 3), ("z,a, b, c\n", 3), ("z,\"one\ntwo\"three,x\n", 3), ("z,\"q\nr,\"s\" t\n", 3),
  ])
  func badRows(row: String, line: Int) throws {
    let styles = try PromptStyles(csv: "name,prompt,negative_prompt\nx,y\n\(row)last,\"p, q\",n\n")
    #expect(styles.styles.map(\.name).contains("x") && styles.styles.last?.prompt == "p, q", "\(styles)")
    #expect(styles.problems.first?.line == line, "\(styles.problems)")
    #expect(!styles.styles.contains { $0.name == "z" })
  }

  /// A quotation mark opens a field only at its beginning; spaces after a comma do not count.
  @Test(
    arguments: [
      ("ink,5\" nail,y", "5\" nail", "y"), ("ink, \"a, b\", \"c\"", "a, b", "c"), ("ink,a \"b\" c,", "a \"b\" c", ""),
      ("ink,\"5\"\" nail\",y", "5\" nail", "y"), ("ink,\"a\"b,y", "ab", "y"), ("ink,\"\",y", "", "y"),
      ("ink,a,y,,,", "a", "y"),
    ])
  func quotes(row: String, prompt: String, negative: String) throws {
    let styles = try PromptStyles(csv: "name,prompt,negative_prompt\n\(row)\n")
    #expect(styles.styles.map { [$0.name, $0.prompt, $0.negativePrompt] } == [["ink", prompt, negative]])
    #expect(styles.problems.isEmpty)
  }

  @Test func unknownName() throws {
    let styles = try PromptStyles(csv: "name,prompt\nink,x\n")
    #expect(throws: PromptStyles.Failure.unknown(name: "oil", known: ["ink"])) {
      try styles.apply(["oil"], prompt: "", negative: "")
    }
  }
}
