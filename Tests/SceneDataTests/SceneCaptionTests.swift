import SceneData
import Testing

@Suite struct SceneCaptionTests {
  private let generator: SceneGenerator

  init() throws { generator = try SceneTestData.generator() }

  private func captions(_ description: SceneDescription) -> Set<String> {
    Set((0..<400).map { generator.caption(description, seed: $0) })
  }

  @Test func articlesFollowTheNextWord() {
    #expect(captions(.init(items: [.init(thing: "apple")], place: .plain)).contains("an apple"))
    let green = SceneDescription.Item(thing: "apple", colour: "green")
    #expect(captions(.init(items: [green], place: .plain)).contains("a green apple"))
    let orange = SceneDescription.Item(thing: "cat", colour: "orange")
    #expect(captions(.init(items: [orange], place: .plain)).contains("an orange cat"))
    let big = SceneDescription.Item(thing: "umbrella", size: .big)
    #expect(captions(.init(items: [big], place: .plain)).contains("a big umbrella"))
  }

  @Test(arguments: [
    ("cat", 2, "two cats"), ("fish", 3, "three fish"), ("butterfly", 2, "two butterflies"),
  ])
  func pluralsFollowTheVocabulary(thing: String, count: Int, expected: String) {
    let item = SceneDescription.Item(thing: thing, count: count)
    #expect(captions(.init(items: [item], place: .plain)).contains(expected))
  }

  @Test func wholeSentencesAreAsExpected() {
    let cat = SceneDescription.Item(thing: "cat")
    let house = SceneDescription.Item(thing: "house")
    #expect(captions(.init(items: [cat], place: .moon)).contains("a cat on the moon"))
    let night = captions(
      .init(items: [cat, house], relation: .beside, place: .meadow, light: .night))
    #expect(night.contains("a cat beside a house at night"))
    #expect(night.contains("a cat next to a house in a meadow at night"))
    let sides = captions(.init(items: [cat, house], relation: .leftAndRight, place: .beach))
    #expect(sides.contains("on the beach, a cat on the left and a house on the right"))
    let front = captions(.init(items: [cat, house], relation: .inFrontOf, place: .plain))
    #expect(front.contains("a cat in front of a house"))
    let backdrop = captions(.init(items: [cat], place: .plain, backdrop: "orange"))
    #expect(backdrop.contains("a cat on an orange background"))
    let butterfly = SceneDescription.Item(thing: "butterfly", motion: .fly)
    #expect(
      captions(.init(items: [butterfly], place: .moon)).contains("a butterfly over the moon"))
  }

  @Test func captionsSayWhatTheDescriptionHoldsAndNoMore() {
    let colours = SceneVocabulary.colourNames
    for seed in UInt64(0)..<3000 {
      let scene = generator.description(seed: seed)
      let caption = generator.caption(scene, seed: seed)
      let words = caption.split { " ,".contains($0) }.map(String.init)
      #expect(words.count <= 28 && caption == caption.lowercased())
      for item in scene.items {
        let plural = generator.vocabulary.thing(named: item.thing)?.plural
        #expect(words.contains(item.count == 1 ? item.thing : plural ?? ""))
      }
      let spoken = Set(words.filter { colours.contains($0) })
      let known = Set(scene.items.compactMap(\.colour) + [scene.backdrop].compactMap { $0 })
      #expect(spoken.isSubset(of: known))
      #expect(Set(scene.items.compactMap(\.colour)).isSubset(of: spoken))
      #expect(words.contains("two") == scene.items.contains { $0.count == 2 })
      #expect(words.contains("three") == scene.items.contains { $0.count == 3 })
      #expect(words.contains("night") == (scene.light == .night))
      #expect((words.contains("sunset") || words.contains("evening")) == (scene.light == .sunset))
      #expect((words.contains("rain") || words.contains("rainy")) == (scene.light == .rain))
      #expect(words.contains("moon") == (scene.place == .moon))
      let isOver = words.contains("above") || (words.contains("over") && scene.items.last?.motion != .fly)
      #expect(isOver == (scene.relation == .above) || scene.items.contains { $0.motion == .fly })
      for (word, next) in zip(words, words.dropFirst()) where word == "a" || word == "an" {
        #expect((word == "an") == "aeiou".contains(next.prefix(1)), "\(caption)")
      }
    }
  }
}
