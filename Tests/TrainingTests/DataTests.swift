import Foundation
import Images
import Testing
import Training

@Suite struct DataTests {
  /// What recipes name is found from any folder, and what lies in the working folder comes first.
  @Test func dataIsFoundBesideThePipelines() throws {
    let home = try ScratchFolder()
    let found = home.url.appendingPathComponent("some/data")
    try FileManager.default.createDirectory(at: found, withIntermediateDirectories: true)
    #expect(DataLocation.url("some/data", home: home.url).path == found.path)
    #expect(DataLocation.url("no/data", home: home.url) == URL(fileURLWithPath: "no/data"))
    #expect(DataLocation.url(found.path, home: URL(fileURLWithPath: "/")).path == found.path)
    #expect(DataLocation.url("Sources", home: home.url).path == URL(fileURLWithPath: "Sources").path)
  }

  /// Training goes on past a damaged picture, which is named once.
  @Test func damagedPicturesAreNamedOnce() throws {
    let folder = try ScratchFolder()
    try Data("not a picture".utf8).write(to: folder.url.appendingPathComponent("a.png"))
    let grey = Image(width: 2, height: 2, channels: 3, pixels: [UInt8](repeating: 20, count: 12))
    try ImageFile.save(grey, to: folder.url.appendingPathComponent("b.png"), text: [])
    var notes: [String] = []
    let recipe = try JSONDecoder().decode(
      DataRecipe.self, from: JSONEncoder().encode(["kind": "folder", "path": folder.url.path]))
    let data = try recipe.open { notes.append($0) }
    for _ in 0..<2 {
      let example = try data.example(0, size: 2)
      #expect(example.image.pixels.allSatisfy { $0 == 20 })
    }
    #expect(notes.count == 1 && notes[0].contains("a.png"), "\(notes)")
  }
}
