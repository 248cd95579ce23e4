import Foundation
import Images
import Testing

/// `--cfg-interval` wherever a setting stands: flag, line, metadata, `--from`.
@Suite struct GuidanceIntervalCallTests {
  private let folder: CommandFolder

  init() throws { folder = try CommandFolder() }

  private func draw(_ arguments: [String], to name: String) throws -> Data {
    let flags = ["--precision", "f32", "--output", folder.results.appendingPathComponent(name).path]
    let result = try BuiltCommand.txt2img.run(arguments + flags, in: folder.url)
    try #require(result.status == 0, "\(result.errors)")
    return try Data(contentsOf: folder.results.appendingPathComponent(name))
  }

  @Test func everyWayToSayIt() throws {
    let model = ["--model", try folder.model("sd1_tiny").path]
    let size = ["--width", "64", "--height", "64", "--steps", "4", "--seed", "7"]
    let flags = try draw([catOnTheMoon, "--cfg-interval", "0.5,4"] + model + size, to: "a.png")
    let text = try #require(try ImageFile.parameters(of: folder.results.appendingPathComponent("a.png")))
    #expect(text.contains("CFG interval: \"0.5,4\""))
    let again = try draw(["--from", folder.results.appendingPathComponent("a.png").path] + model, to: "b.png")
    #expect(again == flags)
    let line = try folder.write("\(catOnTheMoon) --cfg_interval 0.5,4 --file-name c\n", to: "jobs.txt")
    let lines = try BuiltCommand.txt2img.run(
      ["--prompts", line, "--precision", "f32", "--output", folder.results.path + "/"] + model + size, in: folder.url)
    #expect(lines.status == 0, "\(lines.errors)")
    #expect(try Data(contentsOf: folder.results.appendingPathComponent("c.png")) == flags)
    #expect(try draw([catOnTheMoon] + model + size, to: "d.png") != flags)
    // Another interval is another picture, which is not taken for the finished one.
    let other = try BuiltCommand.txt2img.run(
      ["--prompts", "-", "--precision", "f32", "--output", folder.results.path + "/"] + model + size, in: folder.url,
      input: "\(catOnTheMoon) --cfg_interval 0.5,3 --file-name c\n")
    #expect(other.status == 0 && !other.errors.contains("there already"), "\(other.errors)")
  }

  @Test(arguments: [
    (["--cfg-interval", "3,1"], "must be two noise levels A,B with 0 <= A < B, such as 0.3,6"),
    (["--cfg-interval", "3"], "must be two noise levels"),
    (
      ["--cfg-interval", "0,1", "--cfg", "1"],
      "--cfg-interval has nothing to act on: it needs guidance: a --cfg above 1"
    ),
  ])
  func wrongUsage(flags: [String], line: String) throws {
    let result = try BuiltCommand.txt2img.run(["a cat"] + flags, in: folder.url)
    #expect(result.status == 64 && result.errors.contains(line), "\(result.errors)")
  }
}
