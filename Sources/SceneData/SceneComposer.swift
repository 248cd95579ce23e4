/// Decides what a scene shows.
struct SceneComposer: Sendable {
  typealias Description = SceneDescription
  typealias Thing = SceneVocabulary.Thing

  /// What a scene is about.
  enum Kind { case single, several, pair }

  let vocabulary: SceneVocabulary
  let mix: SceneMix
  var things: [Thing] { vocabulary.things }
  /// For each thing, the places it may be seen in.
  private let places: [[Description.Place]]
  /// For each thing, its place in the vocabulary.
  let indices: [String: Int]

  init(vocabulary: SceneVocabulary, mix: SceneMix) {
    (self.vocabulary, self.mix) = (vocabulary, mix)
    places = vocabulary.things.map { thing in
      Description.Place.allCases.filter { place in
        place != .plain && !thing.excluded.contains(place)
          && !place.motions.isDisjoint(with: thing.motions)
          && (mix.isHeldOut || !HeldOut.contains(thing: thing.name, place: place))
      }
    }
    indices = Dictionary(
      vocabulary.things.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// Chooses a scene, held out or not as the mix says.
  ///
  /// A vocabulary so small that nothing of it is held out gives scenes that are not.
  func description(_ random: inout SceneRandom) -> Description {
    var scene = compose(&random)
    var tries = 0
    while isHeldOut(scene) != mix.isHeldOut, tries < 2000 {
      scene = compose(&random)
      tries += 1
    }
    return scene
  }

  private func compose(_ random: inout SceneRandom) -> Description {
    let rest = 1 - mix.singles
    let kind: Kind = [.single, .several, .pair][random.weighted([mix.singles, rest / 3, rest * 2 / 3])]
    let first = random.weighted(things.map(\.weight))
    let isPlain = random.chance(kind == .single ? 0.42 : 0.35)
    let place = isPlain ? .plain : choosePlace(first, &random)
    var shown = [first]
    if kind == .pair, let second = partner(of: first, in: place, &random) { shown.append(second) }
    let style = style(shown, &random)
    let set = vocabulary.set(ofStyle: style)
    var items = shown.map { item(things[$0], place, set, &random) }
    var relation: Description.Relation?
    if items.count == 2 {
      relation = choose(&items, place, &random)
    } else if kind == .several {
      items[0].count = random.chance(0.6) ? 2 : 3
    } else {
      traits(&items[0], things[first], place, set, &random)
    }
    turn(&items, set, &random)
    return Description(
      items: items, relation: relation, place: place,
      backdrop: place == .plain ? backdrop(items, set, &random) : nil, light: light(place, &random), style: style)
  }

  private func light(_ place: Description.Place, _ random: inout SceneRandom) -> Description.Light {
    guard place.hasDaylight else { return .day }
    let lights: [Description.Light] = [.day, .night, .sunset, .rain]
    return lights[random.weighted([0.55, 0.22, 0.15, place.hasRain ? 0.08 : 0])]
  }

  private func choosePlace(_ thing: Int, _ random: inout SceneRandom) -> Description.Place {
    let allowed = places[thing]
    return allowed.isEmpty ? .plain : allowed[random.weighted(allowed.map(\.weight))]
  }

  /// A style whose set has drawings of everything, or none.
  private func style(_ shown: [Int], _ random: inout SceneRandom) -> String? {
    guard !vocabulary.styles.isEmpty else { return nil }
    let usual = max(0, 1 - vocabulary.styles.reduce(0) { $0 + $1.share })
    let weights = [usual] + vocabulary.styles.map { $0.share }
    guard weights.contains(where: { $0 > 0 }) else { return nil }
    let chosen = random.weighted(weights)
    guard chosen > 0 else { return nil }
    let style = vocabulary.styles[chosen - 1]
    return shown.allSatisfy { !things[$0].drawings(set: style.set, face: false).isEmpty } ? style.word : nil
  }

  private func item(
    _ thing: Thing, _ place: Description.Place, _ set: String?, _ random: inout SceneRandom
  ) -> Description.Item {
    let motions = thing.motions.filter { place.motions.contains($0) }
    var item = Description.Item(
      thing: thing.name, motion: motions.isEmpty ? thing.motions[0] : random.choice(motions))
    if place == .plain { item.motion = thing.motions[0] }
    if !thing.colours.isEmpty, random.chance(0.4) { item.colour = random.choice(thing.colours) }
    return item
  }

  private func traits(
    _ item: inout Description.Item, _ thing: Thing, _ place: Description.Place, _ set: String?,
    _ random: inout SceneRandom
  ) {
    if place == .plain, !thing.drawings(set: set, face: true).isEmpty, random.chance(0.3) { item.face = true }
    switch random.weighted([0.76, 0.08, 0.08, 0.08]) {
    case 1: item.size = .small
    case 2: item.size = .big
    case 3: item.side = random.chance(0.5) ? .left : .right
    default: break
    }
  }

  /// Says of some things which way they face.
  private func turn(_ items: inout [Description.Item], _ set: String?, _ random: inout SceneRandom) {
    guard vocabulary.house != nil else { return }
    for index in items.indices {
      let drawings = indices[items[index].thing].map {
        things[$0].drawings(set: set, face: items[index].face == true)
      }
      guard random.chance(items.count == 1 ? 0.25 : 0.12), drawings?.contains(where: { $0.facing != nil }) == true
      else { continue }
      items[index].facing = random.chance(0.5) ? .left : .right
    }
  }

  private func partner(
    of first: Int, in place: Description.Place, _ random: inout SceneRandom
  ) -> Int? {
    let weights = things.indices.map { index in
      index != first && (place == .plain || places[index].contains(place))
        ? things[index].weight * (things[index].traits.isDisjoint(with: [.seat, .shelter]) ? 1 : 2.5) : 0
    }
    return weights.contains { $0 > 0 } ? random.weighted(weights) : nil
  }

  /// A background of another colour than the things have.
  private func backdrop(
    _ items: [Description.Item], _ set: String?, _ random: inout SceneRandom
  ) -> String {
    let worn = items.compactMap { item in
      item.colour ?? indices[item.thing].flatMap { things[$0].drawings(set: set, face: false).first?.colour }
    }
    let weights = Scenery.backdrops.map { worn.contains($0.name) ? 0 : $0.weight }
    return Scenery.backdrops[random.weighted(weights)].name
  }
}
