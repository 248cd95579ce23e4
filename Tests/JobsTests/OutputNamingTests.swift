import Conditioning
import Foundation
import Jobs
import Testing

@Suite struct OutputNamingTests {
  @Test func checkingLeavesNoFolderBehind() throws {
    let top = FileManager.default.temporaryDirectory.appendingPathComponent("imago-\(UUID().uuidString)")
    let naming = try OutputNaming(top.appendingPathComponent("a/b/picture.png").path, count: 1)
    let url = naming.url(index: 0, seed: 1, prompt: "a cat")
    try OutputNaming.check(url)
    #expect(!FileManager.default.fileExists(atPath: top.path))
    try OutputNaming.prepare(url)
    defer { try? FileManager.default.removeItem(at: top) }
    #expect(FileManager.default.fileExists(atPath: top.appendingPathComponent("a/b").path))
    try OutputNaming.check(url)
    #expect(FileManager.default.fileExists(atPath: top.appendingPathComponent("a/b").path), "it was there before")
  }

  private func name(_ pattern: String, _ prompt: String) throws -> String {
    try OutputNaming(pattern, count: 1).url(index: 0, seed: 7, prompt: prompt).lastPathComponent
  }

  /// Words of the prompt, cut between characters so that the name fits; something where there are none.
  @Test func promptsInNames() throws {
    #expect(try name("out/{prompt}.png", "A cat, (moon:1.2)!") == "a-cat-moon-1-2.png")
    for prompt in ["🐱🌙", "!!!", "", "(((", "\u{301}"] {
      #expect(try name("out/{prompt}.png", prompt) == "picture.png", "\(prompt)")
    }
    let long = [
      String(repeating: "猫", count: 300), String(repeating: "𠀋", count: 100),
      "a" + String(repeating: "\u{301}", count: 900),
      String(repeating: "é", count: 4000),
    ]
    for prompt in long {
      for pattern in [
        "{prompt}.png", "{prompt}-{prompt}-{seed}.jpg", String(repeating: "x", count: 200) + "{prompt}.png",
      ] {
        let name = try name("out/\(pattern)", prompt)
        #expect(name.utf8.count <= 255 && !name.contains("\u{FFFD}"), "\(name)")
      }
    }
    // The folder's part too.
    let url = try OutputNaming("out/{prompt}/{index}.png", count: 1).url(index: 0, seed: 1, prompt: long[1])
    #expect(url.deletingLastPathComponent().lastPathComponent.utf8.count <= 255)
  }

  @Test func whatCannotBeWrittenIsFoundBefore() throws {
    let top = FileManager.default.temporaryDirectory.appendingPathComponent("imago-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: top, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: top) }
    try Data().write(to: top.appendingPathComponent("file"))
    let long = top.path + String(repeating: "/" + String(repeating: "d", count: 200), count: 21)
    for path in [
      "/proc/nothing/a.png", "/proc/a.png", top.path + "/file/a.png", long + "/a.png",
      top.path + "/" + String(repeating: "é", count: 126) + ".png",
      top.path + "/" + String(repeating: "d", count: 300) + "/a.png",
    ] {
      let error = #expect(throws: GenerationError.self, "\(path)") {
        try OutputNaming.check(URL(fileURLWithPath: path))
      }
      #expect(error.map { "\($0)".hasPrefix("`output` ") && !"\($0)".contains("\n") } == true)
    }
    let fits = top.appendingPathComponent(String(repeating: "é", count: 125) + ".png")
    try OutputNaming.check(fits)
    #expect(throws: GenerationError.self) { try OutputNaming.check(fits, room: 12) }
    #expect(try FileManager.default.contentsOfDirectory(atPath: top.path) == ["file"])
  }

  /// Numbers go on from the pictures, grids and previews that are there, whatever they are.
  @Test(
    arguments: [
      ("{index}-{seed}.png", ["00003-9.png", "00002-1.png"], 3), ("{index}-{seed}.png", ["00012-9-grid.jpg"], 12),
      ("{index}-{seed}.png", ["00004-9-step-002.png", "00005-1-2.safetensors"], 5),
      ("{index}-{seed}.png", ["20240101_120000.jpg", "x00007-1.png", "00008.png", "00009-1.txt", "notes"], 0),
      ("a.b-{index}.png", ["a.b-00100000.png", "axb-00200000.png"], 100_000),
      ("{prompt} [{index}].png", ["a cat [00002].png", "dog [00006].png", "dog 00007.png"], 6),
      ("{seed}.png", ["1.png"], 0), ("{index}-{seed}.png", ["99999999999999999999999-1.png"], 0),
    ] as [(String, [String], Int)])
  func lastNumbers(pattern: String, files: [String], number: Int) throws {
    let top = FileManager.default.temporaryDirectory.appendingPathComponent("imago-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: top, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: top) }
    for file in files { try Data().write(to: top.appendingPathComponent(file)) }
    let naming = try OutputNaming("\(top.path)/\(pattern)", count: 1)
    #expect(naming.lastNumber(seed: 1, prompt: "a") == number)
    var names = NewNames(naming, seed: 1, prompt: "a")
    let first = names.url(index: 0, seed: 1, prompt: "a")
    #expect(!FileManager.default.fileExists(atPath: first.path) && names.url(index: 0, seed: 1, prompt: "a") != first)
  }
}
