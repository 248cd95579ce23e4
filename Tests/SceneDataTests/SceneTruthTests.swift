import Images
import SceneData
import Testing

/// One meaning a caption, and the truth about figures.
@Suite struct SceneTruthTests {
  private let generator: SceneGenerator

  init() throws { generator = try SceneTestData.generator(vocabulary: SceneTestData.housed) }

  @Test func withoutAWordThingsAreInTheHouseHandAsDrawn() {
    var seen: Set<String> = []
    for seed in UInt64(0)..<1500 {
      let scene = generator.scene(seed: seed)
      #expect(scene.figures.count == scene.description.items.reduce(0) { $0 + $1.count })
      for figure in scene.figures {
        let item = scene.description.items.first { $0.thing == figure.name }
        #expect(generator.vocabulary.things[figure.thing].name == figure.name)
        #expect(figure.set == (scene.description.style == "glossy" ? "two" : "one"))
        #expect(figure.face == (item?.face == true || figure.name == "umbrella"))
        #expect(abs(figure.tilt) <= 3)
        let own: SceneDescription.Facing? =
          figure.name != "cat" || figure.face ? nil : figure.set == "one" ? .left : .right
        #expect(figure.facing == item?.facing ?? own)
        let natural = ["cat": "red", "apple": "red"][figure.name]
        #expect(figure.colour == item?.colour ?? (figure.face ? nil : natural))
        if let style = scene.description.style { seen.insert(style) }
        if let facing = item?.facing { seen.insert(facing.rawValue) }
        if figure.face { seen.insert("face of \(figure.name)") }
      }
    }
    #expect(seen == ["glossy", "left", "right", "face of cat", "face of umbrella"])
  }

  @Test func everyTraitIsSaid() {
    for seed in UInt64(0)..<3000 {
      let scene = generator.description(seed: seed)
      let caption = generator.caption(scene, seed: seed)
      let words = caption.split { " ,'".contains($0) }
      #expect(words.contains("glossy") == (scene.style != nil), "\(caption)")
      let sided = scene.relation == .leftAndRight || scene.items.contains { $0.side != nil }
      for side in SceneDescription.Facing.allCases {
        let said = caption.contains("facing \(side.rawValue)") || caption.contains("looking \(side.rawValue)")
        #expect(said == scene.items.contains { $0.facing == side }, "\(caption)")
        #expect(sided || said || !words.contains { $0 == side.rawValue }, "\(caption)")
      }
      if scene.items.contains(where: { $0.face == true }) { #expect(words.contains("face"), "\(caption)") }
    }
  }

  @Test func boxesHoldWhatIsDrawn() throws {
    let generator = try SceneTestData.generator(side: 128)
    let description = SceneDescription(items: [.init(thing: "cat", side: .left)], place: .plain, backdrop: "white")
    for seed in UInt64(0)..<20 {
      let scene = try #require(generator.scene(description, seed: seed))
      let box = try #require(scene.figures.first).box
      var (left, top, right, bottom) = (128, 128, 0, 0)
      for y in 0..<128 {
        for x in 0..<128 {
          let i = (y * 128 + x) * 3
          // The disc is red; its shadow and the ground are grey.
          guard Int(scene.image.pixels[i]) - Int(scene.image.pixels[i + 1]) > 100 else { continue }
          (left, right, top, bottom) = (min(left, x), max(right, x + 1), min(top, y), max(bottom, y + 1))
        }
      }
      let drawn = [left, top, right, bottom].map { Float($0) / 128 }
      let told = [box.x, box.y, box.x + box.width, box.y + box.height]
      for (a, b) in zip(drawn, told) { #expect(abs(a - b) < 0.035) }
    }
  }

  @Test func aSeedShowsTheSameAtEverySize() {
    for seed in UInt64(0)..<20 {
      let (small, large) = (generator.scene(seed: seed), generator.scene(seed: seed, side: 160))
      #expect(large.image.width == 160 && small.caption == large.caption && small.figures == large.figures)
    }
  }

  @Test func theShareOfSingleThingsFollowsTheMix() throws {
    for share: Float in [0, 0.25, 0.7, 1] {
      let generator = try SceneTestData.generator(
        mix: SceneMix(singles: share), vocabulary: SceneTestData.housed)
      let singles = (0..<2000).count {
        let items = generator.description(seed: UInt64($0)).items
        return items.count == 1 && items[0].count == 1
      }
      // A partner may be missing in places where only one thing can be.
      #expect(Float(singles) / 2000 > share - 0.04 && Float(singles) / 2000 < share + 0.12)
    }
    #expect(throws: SceneDataError.badShare(1.5)) {
      try SceneTestData.generator(mix: SceneMix(singles: 1.5))
    }
  }

  @Test func thingsStandOnSeatsAndUnderShelters() throws {
    func boxes(_ relation: SceneDescription.Relation) throws -> (first: SceneFigure.Box, second: SceneFigure.Box) {
      let scene = try #require(
        generator.scene(
          .init(
            items: [.init(thing: "cat"), .init(thing: "house")], relation: relation, place: .plain,
            backdrop: "white"), seed: 4))
      return (
        try #require(scene.figures.first { $0.name == "cat" }).box,
        try #require(scene.figures.first { $0.name == "house" }).box
      )
    }
    let on = try boxes(.on)
    #expect(on.first.y < on.second.y && on.first.y + on.first.height < on.second.y + on.second.height / 2)
    let under = try boxes(.under)
    #expect(under.first.y > under.second.y + under.second.height / 2)
  }

  @Test(arguments: [
    ("house one\nthing cat\n  sprites two/cat", "cat"),
    ("style glossy two 10\nthing cat\n  sprites two/cat", "style"),
    ("house one\nstyle glossy two\nthing cat\n  sprites one/cat", "glossy two"),
    ("house one\nstyle a two 60\nstyle b two 60\nthing cat\n  sprites one/cat", "style"),
    ("house one\nstyle a two 6\nstyle a two 6\nthing cat\n  sprites one/cat", "a"),
    ("thing cat\n  is chair\n  sprites one/cat", "chair"),
    ("thing cat\n  sprites one/cat<>", "one/cat<>"),
    ("thing cat\n  hue some", "some"),
  ])
  func badTablesAreRefused(text: String, found: String) {
    let error = #expect(throws: SceneDataError.self) { try SceneVocabulary(text: text, path: "v") }
    guard case .badVocabulary("v", _, let what, _)? = error else {
      Issue.record("unexpected \(String(describing: error))")
      return
    }
    #expect(what == found)
  }

  @Test func withoutTheHouseSetNothingIsDrawn() throws {
    try SceneTestData.withSprites { folder, _ in
      let table = "sets one three\nhouse three\nthing cat\n  sprites one/cat three/cat"
      #expect(throws: SceneDataError.missingSprites(directory: folder.path, files: ["three/cat.png"])) {
        try SceneGenerator(spriteDirectory: folder, vocabulary: SceneVocabulary(text: table, path: "v"))
      }
    }
  }

  @Test func stylesWhoseSetIsAbsentAreNotDrawn() throws {
    try SceneTestData.withSprites { folder, _ in
      let table = "sets one three\nhouse one\nstyle flat three 90\nthing cat\n  sprites */cat"
      let generator = try SceneGenerator(
        spriteDirectory: folder, vocabulary: SceneVocabulary(text: table, path: "v"))
      #expect(generator.absentSets == ["three"])
      #expect((0..<200).allSatisfy { generator.description(seed: $0).style == nil })
    }
  }
}

/// Things that would drown in what is behind them.
@Suite struct ContrastTests {
  @Test func darkThingsOnDarkGroundsGetALightEdge() throws {
    let generator = try SceneTestData.generator(side: 256, vocabulary: SceneTestData.housed)
    /// Red of the pixels around the left edge of the figure's disc, at half its height. The tilt makes the box up to
    /// five hundredths larger than the disc.
    func rim(_ colour: String, _ place: SceneDescription.Place, _ backdrop: String?, seed: UInt64) throws -> [UInt8] {
      let item = SceneDescription.Item(thing: "cat", colour: colour)
      let scene = try #require(generator.scene(.init(items: [item], place: place, backdrop: backdrop), seed: seed))
      let box = try #require(scene.figures.first).box
      let (left, row) = (Int(box.x * 256), Int((box.y + box.height / 2) * 256))
      return (left - 6...left + 9).map { x in scene.image.pixels[(row * 256 + x) * 3] }
    }
    for seed in UInt64(0)..<6 {
      #expect(try rim("black", .space, nil, seed: seed).contains { $0 > 110 })
      // A red disc stands out on white as it is.
      #expect(try rim("red", .plain, "white", seed: seed).allSatisfy { $0 > 180 })
    }
  }

  @Test func greysAreRecolouredWhereTheTableSaysSo() throws {
    try SceneTestData.withSprites { folder, _ in
      try ImageFile.save(SceneTestData.disc([130, 130, 130]), to: folder.appendingPathComponent("one/house.png"))
      func middle(_ hue: String) throws -> (red: Int, green: Int, blue: Int) {
        let table = "house one\nthing house\n  colours blue\n  \(hue)\n  sprites one/house"
        let generator = try SceneGenerator(
          spriteDirectory: folder, vocabulary: SceneVocabulary(text: table, path: "v"))
        let item = SceneDescription.Item(thing: "house", colour: "blue")
        let scene = try #require(
          generator.scene(.init(items: [item], place: .plain, backdrop: "white"), seed: 1))
        return SceneTestData.middle(scene.image)
      }
      let all = try middle("hue all")
      #expect(all.blue > all.red + 60)
      let own = try middle("hue 0 40")
      #expect(abs(own.blue - own.red) < 12)
    }
  }
}
