import Foundation
import Testing

/// `--force` replaces models and nothing else.
@Suite struct ReplacementTests {
  private let folder: CommandFolder
  private let model: String

  init() throws {
    folder = try CommandFolder()
    model = try folder.model("sd1_tiny").path
  }

  /// Runs `imago convert MODEL TARGET --force` after a script, in a folder of its own.
  private func convert(_ target: String, after script: String, flags: String = "--force") throws -> CommandResult {
    try BuiltCommand.shell(
      "cd results; \(script); \"$IMAGO\" convert '\(model)' \(target) \(flags) --quiet", in: folder.url)
  }

  private func contents() throws -> [String] {
    try FileManager.default.subpathsOfDirectory(atPath: folder.results.path).sorted()
  }

  @Test(arguments: [
    ("home", "mkdir home; echo x > home/t.txt", ["t.txt"]), (".", "echo x > t.txt", ["working folder"]),
    ("..", ":", ["working folder"]), ("/", ":", ["root"]), ("./", ":", ["working folder"]),
    ("here", "mkdir real; echo x > real/t.txt; ln -s real here", ["t.txt"]),
    ("here", "ln -s nowhere here", ["symbolic link"]), ("file", "echo x > file", ["a file is there"]),
    ("a.safetensors", "mkdir a.safetensors", ["a folder is there"]),
    ("a.safetensors", "echo x > a.safetensors", ["no model's"]),
    ("a.safetensors", "mkdir -p a.tokenizer; echo x > a.tokenizer/t.txt", ["t.txt"]),
    ("a.safetensors", "mkfifo a.safetensors", ["device"]),
  ])
  func everythingElseStays(target: String, script: String, words: [String]) throws {
    _ = try BuiltCommand.shell("cd results; \(script)", in: folder.url)
    let there = try contents()
    let result = try convert(target, after: ":")
    #expect(result.status == 1 && result.complaints.count == 1, "\(result.errors)")
    for word in words { #expect(result.errors.contains(word), "\(result.errors)") }
    #expect(try contents() == there)
  }

  @Test func homeFolder() throws {
    for target in ["home", "."] {
      let result = try convert(target, after: "mkdir -p home/in; export HOME=\"$PWD/home\"; cd home/in; cd ../..")
      #expect(result.status == 1, "\(result.errors)")
    }
    #expect(try contents() == ["home", "home/in"])
  }

  @Test func strangersInAModel() throws {
    #expect(try convert("m", after: ":").status == 0)
    let whole = try contents()
    #expect(try convert("m", after: ":", flags: "").status == 1)
    #expect(try convert("m", after: ":").status == 0)
    #expect(try contents() == whole)
    let strangers = [
      ("notes.txt", "notes.txt"), ("unet/notes.txt", "unet/notes.txt"), ("vae/deep/config.json", "vae/deep"),
      (".hidden", ".hidden"), ("loras/a.safetensors", "loras"),
    ]
    for (name, said) in strangers {
      let result = try convert("m", after: "mkdir -p \"$(dirname m/\(name))\"; echo x > m/\(name)")
      #expect(result.status == 1 && result.errors.contains("it holds \(said),"), "\(result.errors)")
      #expect(try contents().contains("m/\(name)"))
      _ = try BuiltCommand.shell("cd results/m; rm -rf notes.txt unet/notes.txt vae/deep .hidden loras", in: folder.url)
    }
    #expect(try contents() == whole)
  }

  /// The link stays, and what it leads to is the new model.
  @Test func linkToAModel() throws {
    #expect(try convert("real", after: ":").status == 0)
    #expect(try convert("here", after: "ln -s real here; rm real/unet/config.json").status == 0)
    #expect(try contents().contains("real/unet/config.json"))
    let link = folder.results.appendingPathComponent("here").path
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == "real")
  }

  @Test func singleFiles() throws {
    #expect(try convert("a.safetensors", after: ":").status == 0)
    #expect(try convert("a.safetensors", after: ":", flags: "").status == 1)
    #expect(try convert("a.safetensors", after: ":").status == 0)
    #expect(try convert("b.safetensors", after: ": > b.safetensors").status == 0)
    let merged = try BuiltCommand.shell(
      "cd results; mkdir d; echo x > d/t; \"$IMAGO\" merge a.safetensors b.safetensors --output d --force",
      in: folder.url)
    #expect(merged.status == 1 && merged.errors.contains("it holds t"), "\(merged.errors)")
    #expect(try contents().contains("d/t") && !contents().contains { $0.contains("partial") })
  }

  @Test(arguments: ["x.ckpt", "x.gguf", "x.pt", "x.bin", "x.safetensors --to folder", "x --to single"])
  func namesOfOtherKinds(target: String) throws {
    let result = try convert(target, after: ":", flags: "")
    #expect(result.status == 64 && result.complaints.count == 1, "\(result.errors)")
    #expect(try contents() == [])
  }
}
