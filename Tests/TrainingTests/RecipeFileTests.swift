import Foundation
import Lessons
import SceneTraining
import Testing
import Training

@Suite struct RecipeFileTests {
  private let circle = """
    kind: circle
    name: circle
    width: 16
    depth: 2
    scheduler: {_class_name: DDPMScheduler, num_train_timesteps: 50, clip_sample: false}
    samples: 64
    mean_tolerance: 0.5
    deviation_limit: 0.5
    loop:
      steps: 3
      batch: 4
      learning_rate: 0.002
    """

  init() { DataKind.register(.scenes) }

  private func error(_ text: String) throws -> String {
    let folder = try ScratchFolder()
    let file = folder.url.appendingPathComponent("r.yaml")
    try Data(text.utf8).write(to: file)
    do {
      _ = try Recipes.read(file)
      return "no error"
    } catch { return "\(error)".replacingOccurrences(of: file.path, with: "r.yaml") }
  }

  private var pipelines: URL {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Pipelines")
  }

  @Test func everyShippedRecipeIsRead() throws {
    let files = try FileManager.default.contentsOfDirectory(at: pipelines, includingPropertiesForKeys: nil)
      .filter { $0.pathExtension == "yaml" }
    let recipes = try files.filter { try String(contentsOf: $0, encoding: .utf8).contains("kind:") }
    LessonKinds.register()
    for recipe in recipes { _ = try Recipes.read(recipe) }
    #expect(recipes.count >= 6)
  }

  @Test func theCirclePassesItsOwnCheck() throws {
    let read = try Recipes.read(pipelines.appendingPathComponent("circle.yaml"))
    let recipe = try #require(read as? CircleRecipe)
    let radius = try #require(try recipe.train(in: try ScratchFolder().url))
    #expect(abs(radius.meanRadius - 1) <= 0.01 && radius.radiusDeviation <= 0.114)
  }

  @Test(arguments: [
    ("  batch: 4", "  batch: 4\n  decaay: cosine", "line 12: loop.decaay is not a setting"),
    ("width: 16", "width: -1", "line 3: width must be 1 to 4096"),
    ("depth: 2", "depth: 0", "line 4: depth must be 1 to 64"),
    ("samples: 64", "samples: 2147483648", "line 6: samples must be"),
    ("  batch: 4", "  batch: 1000000", "line 11: loop.batch must be 1 to 65536"),
    ("  batch: 4", "  batch: 4\n  average_decay: 7", "line 12: loop.average_decay must be"),
    ("  batch: 4", "  batch: many", "line 11: key \"loop.batch\" has the wrong type"),
    ("  steps: 3", "  stepz: 3", "key \"loop.steps\" is missing"),
    ("kind: circle", "kind: square", "line 1: kind \"square\" is none of"),
    ("name: circle", "name: [circle", "line"),
    ("name: circle", "precision: int8", "is missing"),
    ("depth: 2", "depth: 2\ncolour: red", "line 5: colour is not a setting of circle recipes"),
  ])
  func whatIsWrongIsNamedWithItsLine(_ old: String, _ new: String, _ expected: String) throws {
    let text = circle.replacingOccurrences(of: old, with: new)
    let message = try error(text)
    #expect(message.hasPrefix("r.yaml: ") && message.contains(expected), "\(message)")
    #expect(!message.contains("\n"))
  }

  @Test func theRecipeItselfIsFine() throws { #expect(try error(circle) == "no error") }
}
