import Server
import Testing

/// What a page is told of a prompt's language.
@Suite struct PromptSpansTests {
  private func spans(_ prompt: String, isNegative: Bool = false, embeddings: [String] = []) -> [String] {
    let units = Array(prompt.utf16)
    return PromptSpans(prompt, isNegative: isNegative, embeddings: embeddings).spans
      .filter { $0.kind != .bracket }
      .map { span in
        let weight = span.weight.map { " \(($0 * 1000).rounded() / 1000)" } ?? ""
        return "\(span.kind.rawValue) \(String(decoding: units[span.start..<span.end], as: UTF16.self))\(weight)"
      }
  }

  @Test func kinds() {
    #expect(spans("a (red:1.3) car") == ["emphasis (red:1.3) 1.3"])
    #expect(spans("((big)) [small]") == ["emphasis ((big)) 1.1", "emphasis (big) 1.21", "emphasis [small] 0.909"])
    #expect(spans("[a cat:a dog:0.5] [a|b]") == ["schedule [a cat:a dog:0.5]", "alternation [a|b]"])
    #expect(spans("a AND b BREAK c AND2") == ["and AND", "break BREAK"])
    #expect(spans("a <lora:x:0.5> AND b", isNegative: true) == [])
    #expect(spans("a <lora:x:0.5> \\(b\\)") == ["tag <lora:x:0.5>"])
    #expect(spans("bad-hand, cat", embeddings: ["Bad-Hand"]) == ["embedding bad-hand"])
    #expect(spans("a cat # (not) this\n(b)") == ["comment # (not) this", "emphasis (b) 1.1"])
  }

  /// Offsets are JavaScript's, which counts what is beyond the basic plane as two.
  @Test func offsets() {
    let span = PromptSpans("😀 (é)", isNegative: false, embeddings: []).spans.first { $0.kind == .emphasis }
    #expect(span?.start == 3 && span?.end == 6)
  }

  /// Whatever is open or crosses, spans lie within the prompt.
  @Test(arguments: ["(((", ")))", "([)]", "[a:b", "(a:1e999)", "[::]", "<lora:", "\\", "", "#", "(:)", "[|]"])
  func damaged(prompt: String) {
    for span in PromptSpans(prompt, isNegative: false, embeddings: []).spans {
      #expect(0 <= span.start && span.start < span.end && span.end <= prompt.utf16.count)
    }
  }
}
