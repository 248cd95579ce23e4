import SceneData
import Testing

@Suite struct HeldOutTests {
  @Test func aFewCombinationsAreHeldOut() {
    var held = 0
    let places = SceneDescription.Place.allCases
    for index in 0..<500 {
      for place in places where isHeldOut(.init(items: [.init(thing: "w\(index)")], place: place)) {
        held += 1
        #expect(place != .plain)
      }
    }
    // 3 % of 500 x 11 is 165; three standard deviations of a binomial count are 38.
    #expect(abs(held - 165) < 38)
  }

  @Test func theHashIsFixed() {
    #expect(isHeldOut(.init(items: [.init(thing: "dog")], place: .snow)))
    #expect(isHeldOut(.init(items: [.init(thing: "house")], place: .moon)))
    #expect(!isHeldOut(.init(items: [.init(thing: "cat")], place: .moon)))
  }

  @Test func theyAreNeverGeneratedUnlessAskedFor() throws {
    let generator = try SceneTestData.generator()
    var seen: Set<String> = []
    for seed in UInt64(0)..<6000 {
      let scene = generator.description(seed: seed)
      #expect(!isHeldOut(scene))
      for item in scene.items { seen.insert("\(item.thing) \(scene.place)") }
    }
    // The same thing and the same place do appear, only not together.
    #expect(seen.contains("house meadow") && seen.contains("cat moon"))
    #expect(!seen.contains("house moon"))
    let asked = SceneDescription(items: [.init(thing: "house")], place: .moon)
    #expect(isHeldOut(asked) && generator.scene(asked, seed: 1)?.description == asked)
  }

  @Test func thingsKeepToTheirPlaces() throws {
    let generator = try SceneTestData.generator()
    for seed in UInt64(0)..<3000 {
      let scene = generator.description(seed: seed)
      for item in scene.items where scene.place != .plain {
        #expect(!(item.thing == "umbrella" && scene.place == .table))
        #expect((item.thing == "boat") == (item.motion == .float))
        #expect((item.thing == "fish") == (scene.place == .underwater))
      }
      #expect((scene.relation != nil) == (scene.items.count == 2))
      #expect(Set(scene.items.map(\.thing)).count == scene.items.count)
      #expect((scene.backdrop != nil) == (scene.place == .plain))
    }
  }
}
