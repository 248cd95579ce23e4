import Foundation
import Testing
import Training

@Suite struct RecipeTests {
  private var pipelines: URL {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Pipelines")
  }

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

  @Test func everyShippedRecipeIsRead() throws {
    let names = [
      "circle", "butterflies", "scenes-autoencoder", "scenes-autoencoder-refine", "scenes-text-to-image",
      "scenes-cooldown",
    ]
    for name in names { _ = try Recipe.read(pipelines.appendingPathComponent("\(name).yaml")) }
  }

  @Test func theCirclePassesItsOwnCheck() throws {
    guard case .circle(let recipe) = try Recipe.read(pipelines.appendingPathComponent("circle.yaml")) else {
      Issue.record("circle.yaml is of another kind")
      return
    }
    let result = try CircleTrainer(recipe, output: try ScratchFolder().url, report: { _ in }).run()
    let radius = try #require(result)
    #expect(abs(radius.meanRadius - 1) <= 0.01 && radius.radiusDeviation <= 0.114)
  }

  @Test func mistakesNameTheKey() throws {
    let folder = try ScratchFolder()
    let file = folder.url.appendingPathComponent("bad.yaml")
    func message(_ text: String) throws -> String {
      try Data(text.utf8).write(to: file)
      do {
        _ = try Recipe.read(file)
        return "accepted"
      } catch { return "\(error)" }
    }
    #expect(try message("kind: circle\nname: x\n").contains("width"))
    #expect(try message("kind: sculpture\n").contains("sculpture"))
    #expect(try message("name: x\n").contains("kind"))
    #expect(try message("kind: unconditional\nprecision: int8\n").contains("int8"))
    #expect(try message("kind: [\n").contains(file.path))
  }
}
