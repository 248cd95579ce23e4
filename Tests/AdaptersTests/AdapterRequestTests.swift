import Adapters
import Foundation
import TensorCore
import Testing

/// `--lora` arguments, prompt tags, and names looked up in folders.
@Suite struct AdapterRequestTests {
  @Test(arguments: [
    ("style.safetensors", AdapterRequest(path: "style.safetensors")),
    ("a/style.safetensors:0.8", AdapterRequest(path: "a/style.safetensors", weight: 0.8)),
    ("style:-1.5:0.25", AdapterRequest(path: "style", weight: -1.5, textWeight: 0.25)),
    ("a:b.safetensors:2", AdapterRequest(path: "a:b.safetensors", weight: 2)),
  ])
  func arguments(_ text: String, _ expected: AdapterRequest) throws {
    #expect(try AdapterRequest(argument: text) == expected)
  }

  @Test(arguments: ["", ":0.5", "x:nan", "x:inf"])
  func badArguments(_ text: String) {
    #expect(throws: AdapterError.self) { try AdapterRequest(argument: text) }
  }

  /// A folder with `loras/style.safetensors`, `loras/people/Ada.safetensors`, `loras/people/style.pt`.
  private func withFolder(_ body: (AdapterFolders, URL) throws -> Void) throws {
    let tensors = ["x.lora_down.weight": Tensor.zeros([1])]
    try AdapterFixtures.withFile(tensors, metadata: ["ss_output_name": "trained"], name: "style") { url in
      let folder = url.deletingLastPathComponent()
      let people = folder.appendingPathComponent("people")
      try FileManager.default.createDirectory(at: people, withIntermediateDirectories: true)
      try FileManager.default.copyItem(at: url, to: people.appendingPathComponent("Ada.safetensors"))
      try FileManager.default.copyItem(at: url, to: people.appendingPathComponent("style.pt"))
      try body(AdapterFolders([URL(fileURLWithPath: "/nowhere"), folder]), folder.resolvingSymlinksInPath())
    }
  }

  @Test(arguments: [
    ("style", "style.safetensors"), ("style.safetensors", "style.safetensors"), ("people/style", "people/style.pt"),
    ("ada", "people/Ada.safetensors"), ("people/Ada", "people/Ada.safetensors"),
    (" trained ", "people/Ada.safetensors"),
  ])
  func findsNames(_ name: String, _ file: String) throws {
    try withFolder { folders, root in
      let found = try folders.find(name)
      #expect(found.path == root.appendingPathComponent(file).path)
    }
  }

  @Test(arguments: ["", "nothing", "../style", "/etc/passwd", "sty"])
  func unknownNames(_ name: String) throws {
    try withFolder { folders, root in
      let error = try #require(throws: AdapterError.self) { try folders.find(name) }
      #expect("\(error)".contains("no adapter \"\(name)\""))
      if name == "sty" { #expect("\(error)".contains("did you mean style")) }
    }
  }

  @Test func listsNames() throws {
    try withFolder { folders, _ in #expect(Set(folders.all().map(\.name)) == ["people/Ada", "people/style", "style"]) }
  }

  /// Where people's programs keep adapters: with the working folder, the model and the program.
  @Test(arguments: [
    "work/a.pt", "work/loras/a.pt", "work/Lora/deep/a.pt", "work/models/Lora/a.pt", "models/Stable-diffusion/a.pt",
    "models/Stable-diffusion/loras/a.pt", "models/Lora/a.pt", "models/loras/a.pt", "home/loras/a.pt",
  ])
  func usualPlaces(_ file: String) throws {
    let root = FileManager.default.temporaryDirectory.appendingPathComponent("adapters-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: root) }
    let model = root.appendingPathComponent("models/Stable-diffusion/m.safetensors")
    let place = root.appendingPathComponent(file)
    for folder in ["work/deep", "models/Stable-diffusion", "home"] {
      try FileManager.default.createDirectory(
        at: root.appendingPathComponent(folder), withIntermediateDirectories: true)
    }
    try FileManager.default.createDirectory(at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data().write(to: place)
    // Neither a folder below the working folder nor anything else is looked through.
    try Data().write(to: root.appendingPathComponent("work/deep/b.pt"))
    let folders = AdapterFolders.standard(
      model: model, home: root.appendingPathComponent("home"), workingDirectory: root.appendingPathComponent("work"))
    #expect(try folders.find("a").resolvingSymlinksInPath().path == place.resolvingSymlinksInPath().path)
    #expect(folders.all().count == 1 && (try? folders.find("b")) == nil)
  }

  @Test func byName() throws {
    try withFolder { folders, root in
      let request = try AdapterRequest(name: "style", weight: 2, textWeight: 0.5, folders: folders)
      #expect(request.weight == 2 && request.textWeight == 0.5)
      #expect(request.path == root.appendingPathComponent("style.safetensors").path)
      #expect(throws: AdapterError.self) {
        try AdapterRequest(name: "none", weight: 1, textWeight: 1, folders: folders)
      }
    }
  }
}
