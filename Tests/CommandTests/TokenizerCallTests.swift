import Foundation
import TestSupport
import Testing

/// The stored prompts' tokens, by `imago explain`.
@Suite struct TokenizerCallTests {
  private struct Expected: Decodable {
    let prompts: [String]
    let untruncated: [[Int32]]
  }

  private struct Explanation: Decodable {
    struct Token: Decodable { let id: Int32 }
    struct Text: Decodable { let chunks: [[Token]] }
    let texts: [Text]
  }

  /// Exactly, start and end left out, over as many chunks as it takes.
  @Test func ids() throws {
    let folder = try CommandFolder()
    let model = try folder.model("sd1_tiny").path
    let expected = try JSONDecoder().decode(
      Expected.self, from: Data(contentsOf: fixtureURL("clip_tokenizer/expected.json")))
    #expect(expected.prompts.count == 41)
    for (prompt, ids) in zip(expected.prompts, expected.untruncated) {
      let result = try BuiltCommand.imago.run(
        ["explain", "--json", "--emphasis", "none", "--model", model, "--", prompt], in: folder.url)
      try #require(result.status == 0, "\(prompt): \(result.errors)")
      let found = try JSONDecoder().decode(Explanation.self, from: Data(result.output.utf8))
      #expect(found.texts.flatMap { $0.chunks.flatMap { $0.map(\.id) } } == ids.dropFirst().dropLast(), "\(prompt)")
    }
  }
}
