import Foundation
import Testing

/// Names are the program's own first; what lies in the working folder takes nobody's place.
@Suite struct NameTests {
  private let folder: CommandFolder

  init() throws { folder = try CommandFolder() }

  /// A program's folder with a model of the fixtures as its own.
  private func home() throws -> String {
    let model = try folder.model("sd1_tiny").path
    _ = try BuiltCommand.shell(
      """
      mkdir -p home/Pipelines home/Weights home/loras
      mv '\(model)' home/Weights/scenes
      printf 'name: scenes\\nmodel: Weights/scenes\\nsteps: 1\\nwidth: 32\\nheight: 32\\n' > home/Pipelines/scenes.yaml
      """, in: folder.url)
    return folder.file("home").path
  }

  private func draw(_ flags: String, after script: String) throws -> CommandResult {
    try BuiltCommand.shell(
      """
      \(script)
      IMAGO_HOME='\(try home())' "$TXT2IMG" cat --seed 1 --precision f32 --output results/a.png --json \(flags)
      """, in: folder.url)
  }

  @Test(
    arguments: ["", "--model scenes"],
    ["mkdir scenes", "echo x > scenes", "mkdir -p Pipelines; echo x > Pipelines/scenes.yaml"])
  func nothingReplacesTheOwn(flags: String, script: String) throws {
    let result = try draw(flags, after: script)
    #expect(result.status == 0 && result.output.contains("\"model\":\"scenes\""), "\(result.errors)")
  }

  @Test(arguments: ["./scenes", "scenes/", "home/../scenes"]) func pathsArePaths(model: String) throws {
    let result = try draw("--model \(model)", after: "mkdir scenes")
    #expect(result.status == 1 && result.errors.contains("model_index.json"), "\(result.errors)")
  }

  @Test func otherNames() throws {
    let result = try draw("--model mine", after: "mkdir -p models; ln -s ../home/Weights/scenes models/mine")
    #expect(result.status == 0 && result.output.contains("\"model\":\"mine\""), "\(result.errors)")
    let unknown = try BuiltCommand.shell("\"$TXT2IMG\" cat --model nothing-like-it", in: folder.url)
    #expect(unknown.status == 1 && unknown.errors.contains("imago models"), "\(unknown.errors)")
  }

  @Test func listing() throws {
    let home = try home()
    let result = try BuiltCommand.shell(
      "IMAGO_HOME='\(home)' \"$IMAGO\" models --json; IMAGO_HOME='\(home)' \"$IMAGO\" models", in: folder.url)
    #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
    #expect(
      result.output.contains("\"name\":\"scenes\"") && result.output.contains("--model scenes"), "\(result.output)")
  }

  @Test func recipes() throws {
    let unknown = try BuiltCommand.shell("\"$IMAGO\" train circl", in: folder.url)
    #expect(unknown.status == 1 && unknown.errors.contains("circle"), "\(unknown.errors)")
  }

  @Test(arguments: ["txt2img", "img2img", "imago"]) func versions(command: String) throws {
    let result = try BuiltCommand.shell("\"$\(command.uppercased())\" --version", in: folder.url)
    #expect(result.status == 0 && result.output == "\(command) 0.1.0\n")
  }

  /// Commands of the toolkit say their version too, and every one has its help.
  @Test(arguments: ["convert", "merge", "inspect", "models", "train", "bench unet", "data scenes"])
  func subcommands(name: String) throws {
    let version = try BuiltCommand.shell("\"$IMAGO\" \(name) --version", in: folder.url)
    #expect(version.status == 0 && version.output == "imago 0.1.0\n", "\(version.errors)")
    #expect(try BuiltCommand.shell("\"$IMAGO\" \(name) --help", in: folder.url).output.contains("USAGE: "))
  }
}
