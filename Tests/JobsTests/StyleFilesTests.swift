import Foundation
import Jobs
import Testing

@Suite struct StyleFilesTests {
  private let tiny: TinyPipeline

  init() throws {
    tiny = try TinyPipeline()
    try Data("name,prompt,negative_prompt\nink,\"{prompt}, ink (wash:1.2)\",photo\nsoft,soft light,\n".utf8)
      .write(to: tiny.file("styles.csv"))
  }

  private var path: String { tiny.file("styles.csv").path }

  @Test(
    arguments: [
      (["ink"], "a cat", "", "a cat, ink (wash:1.2)", "photo"), (["soft"], "a cat", "x", "a cat, soft light", "x"),
      (["soft", "ink"], "a cat", "x", "a cat, soft light, ink (wash:1.2)", "x, photo"), ([], "a", "b", "a", "b"),
    ] as [([String], String, String, String, String)])
  func applied(names: [String], prompt: String, negative: String, wanted: String, wantedNegative: String) throws {
    var files = StyleFiles()
    let texts = try files.apply(names, of: path, prompt: prompt, negative: negative)
    #expect(texts.prompt == wanted && texts.negative == wantedNegative)
  }

  /// One line that names the file, for a style that is not there, a missing file and a damaged one.
  @Test func whatIsWrongIsSaid() throws {
    try Data("name,prompt\nx,\"open".utf8).write(to: tiny.file("broken.csv"))
    for (file, name) in [(path, "nothing"), (tiny.file("none.csv").path, "ink"), (tiny.file("broken.csv").path, "x")] {
      var files = StyleFiles()
      let error = #expect(throws: JobError.self) { try files.apply([name], of: file, prompt: "a", negative: "") }
      let text = error.map { "\($0)" } ?? ""
      #expect(text.hasPrefix(file) && !text.contains("\n"), "\(text)")
    }
  }

  /// Styles are in the prompts of the pictures and their metadata; a job with an unknown one does not stop the others.
  @Test func jobsWithStyles() throws {
    let styled = { (name: String) in
      PictureJob.job("a cat") { ($0.seed, $0.styles, $0.stylesFile) = (1, [name], path) }
    }
    let result = try tiny.run(
      [JobLine(number: 1, styled("ink")), JobLine(number: 2, styled("nothing"))], output: "out/", keepsManifest: true)
    #expect(result.made.count == 1 && result.failures.count == 1 && result.failures[0].hasPrefix("2: "))
    let origin = try PictureOrigin(tiny.file("out/\(try #require(result.made.first))"), locator: nil)
    #expect(origin.job.prompt == "a cat, ink (wash:1.2)" && origin.job.negativePrompt == "photo")
    // The text spelled out is the same picture.
    let spelled = PictureJob.job("a cat, ink (wash:1.2)") { ($0.seed, $0.negativePrompt) = (1, "photo") }
    let again = try tiny.run([JobLine(number: 1, spelled)], output: "out/", keepsManifest: true)
    #expect(again.skipped == result.made)
  }
}
