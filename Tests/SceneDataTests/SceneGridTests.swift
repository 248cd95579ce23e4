import SceneData
import Testing

/// Things that begin on the lines of a grid.
@Suite struct SceneGridTests {
  private let generator: SceneGenerator

  init() throws { generator = try SceneTestData.generator(vocabulary: "grid 16\n" + SceneTestData.housed) }

  private func isWhole(_ spaces: Float) -> Bool { abs(spaces - spaces.rounded()) < 1e-3 }

  @Test func everythingLiesOnLinesWithinThePicture() {
    var sizes: Set<Int> = []
    var relations: Set<SceneDescription.Relation?> = []
    for seed in UInt64(0)..<1000 {
      let scene = generator.scene(seed: seed)
      relations.insert(scene.description.relation)
      for figure in scene.figures {
        let box = figure.box
        let edges = [box.x, box.y + box.height, max(box.width, box.height)].map { $0 * 16 }
        #expect(edges.allSatisfy(isWhole), "seed \(seed): \(scene.caption): \(edges)")
        #expect(figure.tilt == 0 && box.y + box.height <= 15 / 16, "seed \(seed): \(scene.caption)")
        sizes.insert(Int(edges[2].rounded()))
      }
    }
    #expect(sizes.count >= 8)
    #expect(relations.count >= 6)
  }

  @Test func thingsSideBySideDoNotMeet() {
    for seed in UInt64(0)..<1000 {
      let scene = generator.scene(seed: seed)
      guard [nil, .beside, .leftAndRight].contains(scene.description.relation) else { continue }
      let boxes = scene.figures.map(\.box).sorted { $0.x < $1.x }
      for (left, right) in zip(boxes, boxes.dropFirst()) {
        #expect(right.x - left.x - left.width > -0.01, "seed \(seed): \(scene.caption)")
      }
    }
  }

  @Test func relationsHold() {
    for seed in UInt64(0)..<1000 {
      let scene = generator.scene(seed: seed)
      guard let relation = scene.description.relation, scene.figures.count == 2,
        let a = scene.figures.first(where: { $0.name == scene.description.items[0].thing })?.box,
        let b = scene.figures.first(where: { $0.name == scene.description.items[1].thing })?.box
      else { continue }
      let (lowA, lowB) = (a.y + a.height, b.y + b.height)
      switch relation {
      case .above: #expect(lowA - b.y < 0.01, "seed \(seed): \(scene.caption)")
      case .inFrontOf: #expect(lowA > lowB, "seed \(seed): \(scene.caption)")
      case .leftAndRight: #expect(a.x < b.x, "seed \(seed): \(scene.caption)")
      // Feet reach the seat's surface and no further than a space below it.
      case .on: #expect(lowA > b.y && lowA < b.y + b.height / 2 + 1 / 16, "seed \(seed): \(scene.caption)")
      case .beside, .under: break
      }
    }
  }

  @Test func aSeedShowsTheSameThingsWithAndWithoutAGrid() throws {
    let free = try SceneTestData.generator(vocabulary: SceneTestData.housed)
    for seed in UInt64(0)..<200 {
      let (lined, plain) = (generator.scene(seed: seed), free.scene(seed: seed))
      #expect(lined.caption == plain.caption && lined.description == plain.description)
      #expect(lined.figures.map(\.name).sorted() == plain.figures.map(\.name).sorted())
    }
  }

  @Test(arguments: ["grid 7", "grid 65", "grid some"])
  func badGridsAreRefused(line: String) {
    #expect(throws: SceneDataError.self) {
      try SceneVocabulary(text: line + "\nthing cat\n  sprites one/cat", path: "v")
    }
  }
}
