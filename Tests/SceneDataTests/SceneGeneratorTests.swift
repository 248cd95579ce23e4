import Foundation
import Images
import SceneData
import Testing

@Suite struct SceneGeneratorTests {
  @Test func aSeedAloneDecidesAScene() async throws {
    let generator = try SceneTestData.generator()
    let again = try SceneTestData.generator()
    let expected = (0..<40).map { generator.scene(seed: $0) }
    // Other order, other generator, other threads.
    #expect((0..<40).reversed().map { again.scene(seed: $0) }.reversed() == expected)
    let parallel = await withTaskGroup(of: (Int, Scene).self) { group in
      for index in 0..<40 {
        group.addTask { (index, generator.scene(seed: UInt64(index))) }
      }
      return await group.reduce(into: [Int: Scene]()) { $0[$1.0] = $1.1 }
    }
    #expect(expected.indices.allSatisfy { parallel[$0] == expected[$0] })
    #expect(Set(expected.map(\.image.pixels)).count == 40)
  }

  @Test(arguments: [64, 128, 200]) func picturesAreRGBOfTheSideAskedFor(side: Int) throws {
    let image = try SceneTestData.generator(side: side).scene(seed: 3).image
    #expect(image.width == side && image.height == side && image.channels == 3)
    #expect(image.pixels.count == side * side * 3)
  }

  @Test(arguments: [0, 63, 513]) func sidesOutOfRangeAreRefused(side: Int) {
    #expect(throws: SceneDataError.badSide(side)) { try SceneTestData.generator(side: side) }
  }

  @Test func missingSpritesAreNamedTogether() throws {
    let missing: Set = ["two/cat.png", "one/fish.png"]
    _ = try SceneTestData.withSprites(except: missing) { folder, table in
      #expect(
        throws: SceneDataError.missingSprites(
          directory: folder.path, files: ["one/fish.png", "two/cat.png"])
      ) {
        try SceneGenerator(spriteDirectory: folder, vocabulary: table)
      }
    }
  }

  @Test func brokenAndEmptySpritesAreNamed() throws {
    try SceneTestData.withSprites { folder, table in
      let file = folder.appendingPathComponent("one/boat.png")
      let empty = Image(width: 8, height: 8, channels: 4, pixels: [UInt8](repeating: 0, count: 256))
      try ImageFile.save(empty, to: file)
      #expect(
        throws: SceneDataError.unreadableSprite(
          path: file.path, reason: "it has no opaque pixel")
      ) {
        try SceneGenerator(spriteDirectory: folder, vocabulary: table)
      }
      try Data("no picture".utf8).write(to: file)
      #expect(throws: SceneDataError.self) {
        try SceneGenerator(spriteDirectory: folder, vocabulary: table)
      }
    }
  }

  @Test(arguments: SceneDescription.Place.allCases, SceneDescription.Light.allCases)
  func everyPlaceIsDrawn(place: SceneDescription.Place, light: SceneDescription.Light) throws {
    let generator = try SceneTestData.generator()
    let scene = try #require(
      generator.scene(
        .init(items: [.init(thing: "cat")], place: place, backdrop: "white", light: light),
        seed: 5))
    #expect(Set(scene.image.pixels).count > 8)
  }

  @Test func colourWordsAreSeen() throws {
    let generator = try SceneTestData.generator(side: 128)
    let shown = { (thing: String, colour: String?) throws -> (red: Int, green: Int, blue: Int) in
      let item = SceneDescription.Item(thing: thing, colour: colour)
      let scene = try #require(
        generator.scene(.init(items: [item], place: .plain, backdrop: "white"), seed: 1))
      return SceneTestData.middle(scene.image)
    }
    let red = try shown("cat", "red")
    #expect(red.red > 2 * red.green && red.red > 2 * red.blue)
    let blue = try shown("cat", "blue")
    #expect(blue.blue > blue.green && blue.green > blue.red)
    let grey = try shown("cat", "grey")
    #expect(abs(grey.red - grey.blue) < 30)
    let green = try shown("apple", "green")
    #expect(green.green > green.red && green.green > green.blue)
  }

  @Test func unknownThingsAndCountsAreNotDrawn() throws {
    let generator = try SceneTestData.generator()
    #expect(generator.scene(.init(items: [.init(thing: "dodo")], place: .plain), seed: 1) == nil)
    #expect(
      generator.scene(.init(items: [.init(thing: "cat", count: 9)], place: .plain), seed: 1) == nil)
    #expect(generator.scene(.init(items: [], place: .plain), seed: 1) == nil)
    // Another hand than the one that is asked for would be a lie.
    #expect(generator.scene(.init(items: [.init(thing: "cat")], place: .plain, style: "glossy"), seed: 1) == nil)
  }
}
