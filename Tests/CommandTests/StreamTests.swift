import Foundation
import Testing

/// Streams that are closed, full or read no more: no crash, the pictures are kept, one line, exit status 1.
@Suite struct StreamTests {
  private let folder: CommandFolder

  init() throws { folder = try CommandFolder() }

  private var pictures: Int {
    let names = try? FileManager.default.contentsOfDirectory(atPath: folder.results.path)
    return (names ?? []).filter { $0.hasSuffix(".png") }.count
  }

  private func draw(_ streams: String, flags: String = "--json") throws -> CommandResult {
    let model = try folder.model("sd1_tiny").path
    return try BuiltCommand.shell(
      """
      "$TXT2IMG" cat --model '\(model)' --count 3 --steps 1 --width 32 --height 32 --precision f32 --quiet \(flags) \
      --output results/ \(streams)
      """, in: folder.url)
  }

  @Test(arguments: [">/dev/full", ">&-"]) func lostResults(streams: String) throws {
    let result = try draw(streams)
    #expect(result.status == 1 && pictures == 3, "\(result.errors)")
    #expect(result.complaints.count == 1 && result.errors.hasPrefix("error: standard output: "), "\(result.errors)")
  }

  @Test func pipeWithoutReader() throws {
    let result = try draw("2>errors | head -1; cat errors >&2")
    #expect(pictures == 3 && result.output.split(separator: "\n").count == 1)
    #expect(result.complaints.count <= 1 && !result.errors.contains("Fatal"), "\(result.errors)")
  }

  @Test(arguments: [("2>&-", Int32(0)), ("2>/dev/full", 0), ("<&-", 0), ("<&- 2>&- >&-", 1)])
  func nobodyListens(streams: String, status: Int32) throws {
    #expect(try draw(streams).status == status)
    #expect(pictures == 3)
    #expect(try draw("\(streams) --steps 0").status == 64)
  }

  /// Files that are opened do not take a closed stream's number.
  @Test func filesAreWhole() throws {
    let model = try folder.model("sd1_tiny").path
    let script = "\"$IMAGO\" convert '\(model)' results/a.safetensors --json"
    #expect(try BuiltCommand.shell(script + " <&- >&- 2>&-", in: folder.url).status == 1)
    #expect(try BuiltCommand.shell("\"$IMAGO\" inspect results/a.safetensors", in: folder.url).status == 0)
  }

  @Test(arguments: ["explain cat", "models", "inspect results", "--help", "--version", "bench --help"])
  func everyCommand(arguments: String) throws {
    let model = try folder.model("sd1_tiny").path
    let command = arguments.replacingOccurrences(of: "results", with: "'\(model)'")
    let result = try BuiltCommand.shell("\"$IMAGO\" \(command) >/dev/full", in: folder.url)
    #expect(result.status == 1 && result.complaints.count == 1, "\(result.errors)")
  }
}
