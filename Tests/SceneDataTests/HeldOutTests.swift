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
    // 5 % of 500 x 14 is 350; three standard deviations of a binomial count are 55.
    #expect(abs(held - 350) < 55)
  }

  @Test func aRelationIsHeldOutHoweverItIsPut() {
    var held = 0
    for index in 0..<4000 {
      let (a, b) = ("a\(index)", "b\(index)")
      let contains = { HeldOut.contains(first: $0, second: $1, relation: $2) }
      #expect(contains(a, b, .beside) == contains(b, a, .beside))
      #expect(contains(a, b, .under) == contains(b, a, .above))
      if contains(a, b, .on) { held += 1 }
      let items = [SceneDescription.Item(thing: a), .init(thing: b)]
      #expect(isHeldOut(.init(items: items, relation: .on, place: .plain)) == contains(a, b, .on))
    }
    // 5 % of 4000 is 200; three standard deviations are 41.
    #expect(abs(held - 200) < 41)
  }

  @Test func aMixOfWhatIsHeldOutShowsNothingElse() throws {
    let generator = try SceneTestData.generator(mix: SceneMix(singles: 0.5, isHeldOut: true))
    var seen: Set<String> = []
    for seed in UInt64(0)..<300 {
      let scene = generator.description(seed: seed)
      #expect(isHeldOut(scene))
      for item in scene.items { seen.insert("\(item.thing) \(scene.place)") }
    }
    #expect(seen.contains("apple desert"))
  }

  @Test func theHashIsFixed() {
    #expect(isHeldOut(.init(items: [.init(thing: "horse")], place: .desert)))
    #expect(isHeldOut(.init(items: [.init(thing: "apple")], place: .desert)))
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
    #expect(seen.contains("apple meadow") && seen.contains("cat desert"))
    #expect(!seen.contains("apple desert"))
    let asked = SceneDescription(items: [.init(thing: "apple")], place: .desert)
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
