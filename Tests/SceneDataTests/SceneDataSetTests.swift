import Foundation
import Images
import SceneData
import Testing

@Suite struct SceneDataSetTests {
  private struct Line: Decodable {
    var fileName: String
    var text: String
    var scene: SceneDescription

    enum CodingKeys: String, CodingKey {
      case fileName = "file_name"
      case text, scene
    }
  }

  @Test func writesPicturesWithTheirCaptions() throws {
    let generator = try SceneTestData.generator()
    let parent = FileManager.default.temporaryDirectory
      .appendingPathComponent("scene-set-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: parent) }
    let folder = parent.appendingPathComponent("set")
    let set = SceneDataSet(generator: generator)
    // In two parts, as two processes would.
    try set.write(to: folder) { try set.draw(0..<2, seed: 70, into: $0) + set.draw(2..<5, seed: 70, into: $0) }
    let text = try String(
      contentsOf: folder.appendingPathComponent("metadata.jsonl"), encoding: .utf8)
    let lines = try text.split(separator: "\n").map {
      try JSONDecoder().decode(Line.self, from: Data($0.utf8))
    }
    #expect(lines.map(\.fileName) == (0..<5).map { "00000\($0).png" })
    for (index, line) in lines.enumerated() {
      let scene = generator.scene(seed: 70 + UInt64(index))
      #expect(line.text == scene.caption && line.scene == scene.description)
      let image = try ImageFile.load(folder.appendingPathComponent(line.fileName))
      #expect(image.width == 64 && image.height == 64)
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: parent.path) == ["set"])
    // A second data set must not mix with the first.
    #expect(
      throws: SceneDataError.unwritable(path: folder.path, reason: "it exists already")
    ) { try set.write(to: folder) { try set.draw(0..<1, seed: 1, into: $0) } }
  }
}
