import Foundation
import SceneData
import Testing

@Suite struct SceneVocabularyTests {
  @Test func readsEveryField() throws {
    let vocabulary = try SceneVocabulary(text: SceneTestData.vocabulary, path: "v")
    #expect(vocabulary.things.count == 7)
    let cat = try #require(vocabulary.thing(named: "cat"))
    #expect(cat.plural == "cats" && cat.weight == 2 && cat.colours == ["red", "blue", "grey"])
    #expect(cat.sprites.map(\.file) == ["one/cat.png", "two/cat.png"])
    #expect(cat.sprites.allSatisfy { $0.colour == "red" && $0.recolourable })
    let apple = try #require(vocabulary.thing(named: "apple"))
    #expect(apple.size == 1 && apple.sprites.map(\.repaint) == [nil, "green"])
    let butterfly = try #require(vocabulary.thing(named: "butterfly"))
    #expect(butterfly.motions == [.fly] && butterfly.plural == "butterflies")
    #expect(butterfly.sprites.map(\.weight) == [2, 1])
    #expect(butterfly.sprites.map(\.recolourable) == [true, false])
    #expect(vocabulary.thing(named: "fish")?.sprites.first?.turn == 30)
    let umbrella = try #require(vocabulary.thing(named: "umbrella"))
    #expect(umbrella.excluded == [.table] && umbrella.standSprites.first?.turn == 45)
    #expect(vocabulary.thing(named: "house")?.hue == [20, 45])
  }

  @Test(arguments: [
    ("", 1, "nothing"),
    ("thing cat", 1, "cat"),
    ("size 3", 1, "size"),
    ("thing cat\n  sprites a/b\n  colour red", 3, "colour"),
    ("thing cat\n  colours mauve", 2, "mauve"),
    ("thing cat\n  sprites cat", 2, "cat"),
    ("thing cat\n  sprites */cat", 2, "*/cat"),
    ("thing cat\n  sprites a/cat@x", 2, "x"),
    ("thing cat\n  sprites a/cat:mauve", 2, "mauve"),
    ("thing cat\n  size 6", 2, "6"),
    ("thing cat\n  motion crawl", 2, "crawl"),
    ("thing cat\n  not here", 2, "here"),
    ("thing cat\n  plural", 2, "plural"),
    ("thing cat\n  sprites a/b\nthing cat", 3, "cat"),
    // What is missing is missed where the thing begins, and not at the end of the table.
    ("thing dog\n  sprites a/b\nthing cat\n  size 3\nthing cow\n  sprites a/b\n", 3, "cat"),
    ("house a\nthing cat\n  sprites b/c\nthing dog\n  sprites a/b", 2, "cat"),
  ])
  func badLinesAreNamed(text: String, line: Int, found: String) {
    let error = #expect(throws: SceneDataError.self) {
      try SceneVocabulary(text: text, path: "v")
    }
    guard case .badVocabulary("v", let where_, let what, let expected)? = error else {
      Issue.record("unexpected \(String(describing: error))")
      return
    }
    #expect(where_ == line && what == found && !expected.isEmpty)
  }

  @Test func aFileThatIsNotThereIsNamed() {
    let url = URL(fileURLWithPath: "/nowhere/vocabulary.txt")
    #expect(
      throws: SceneDataError.unreadableVocabulary(
        path: url.path, reason: "no such UTF-8 text file")
    ) { try SceneVocabulary(contentsOf: url) }
  }

  @Test func otherHandsDrawWhatTheyHave() throws {
    try SceneTestData.withSprites { folder, _ in
      let housed = try SceneVocabulary(text: SceneTestData.housed, path: "v")
      let other = try housed.redrawn(by: ["two"], sprites: folder)
      #expect(other.things.map(\.name) == ["cat", "apple"] && other.house == nil && other.styles.isEmpty)
      #expect(other.things.flatMap(\.sprites).map(\.file) == ["two/cat.png", "two/apple.png"])
      #expect(other.things.flatMap(\.sprites).allSatisfy { $0.colour == nil && $0.facing == nil })
      let both = try housed.redrawn(by: ["one", "two"], sprites: folder)
      #expect(both.things.count == housed.things.count && both.things[0].sprites.count == 2)
      _ = try SceneGenerator(spriteDirectory: folder, vocabulary: other, side: 64).scene(seed: 1)
      #expect(throws: SceneDataError.missingSprites(directory: folder.path, files: ["three/*.png"])) {
        try housed.redrawn(by: ["three"], sprites: folder)
      }
    }
  }
}
