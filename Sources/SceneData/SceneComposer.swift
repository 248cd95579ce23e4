/// Decides what a scene shows.
struct SceneComposer: Sendable {
  typealias Description = SceneDescription
  typealias Thing = SceneVocabulary.Thing

  /// Kinds of scenes and their shares.
  private enum Kind: CaseIterable {
    case plain, placed, plainCount, placedCount, plainPair, placedPair

    var weight: Float {
      switch self {
      case .plain: 0.38
      case .placed: 0.35
      case .plainCount: 0.04
      case .placedCount: 0.04
      case .plainPair: 0.05
      case .placedPair: 0.14
      }
    }
  }

  let things: [Thing]
  /// For each thing, the places it may be seen in.
  private let places: [[Description.Place]]

  init(vocabulary: SceneVocabulary) {
    things = vocabulary.things
    places = things.map { thing in
      Description.Place.allCases.filter { place in
        place != .plain && !thing.excluded.contains(place)
          && !place.motions.isDisjoint(with: thing.motions)
          && !HeldOut.contains(thing: thing.name, place: place)
      }
    }
  }

  /// Chooses a scene that is not held out.
  func description(_ random: inout SceneRandom) -> Description {
    let kind = Kind.allCases[random.weighted(Kind.allCases.map(\.weight))]
    let first = random.weighted(things.map(\.weight))
    let isPlain = [.plain, .plainCount, .plainPair].contains(kind)
    let place = isPlain ? .plain : choosePlace(first, &random)
    var items = [item(things[first], place, &random)]
    var relation: Description.Relation?
    switch kind {
    case .plain: traits(&items[0], plain: true, &random)
    case .placed: traits(&items[0], plain: false, &random)
    case .plainCount, .placedCount: items[0].count = random.chance(0.6) ? 2 : 3
    case .plainPair, .placedPair:
      if let second = partner(of: first, in: place, &random) {
        items.append(item(things[second], place, &random))
        relation = choose(&items, place, &random)
      }
    }
    var light = Description.Light.day
    if place.hasDaylight {
      light = [.day, .night, .sunset][random.weighted([0.58, 0.27, 0.15])]
    }
    return Description(
      items: items, relation: relation, place: place,
      backdrop: place == .plain ? backdrop(items, &random) : nil, light: light)
  }

  private func choosePlace(_ thing: Int, _ random: inout SceneRandom) -> Description.Place {
    let allowed = places[thing]
    return allowed.isEmpty ? .plain : allowed[random.weighted(allowed.map(\.weight))]
  }

  private func item(
    _ thing: Thing, _ place: Description.Place, _ random: inout SceneRandom
  ) -> Description.Item {
    let motions = thing.motions.filter { place.motions.contains($0) }
    var item = Description.Item(
      thing: thing.name, motion: motions.isEmpty ? thing.motions[0] : random.choice(motions))
    if place == .plain { item.motion = thing.motions[0] }
    if !thing.colours.isEmpty, random.chance(0.5) { item.colour = random.choice(thing.colours) }
    return item
  }

  private func traits(
    _ item: inout Description.Item, plain: Bool, _ random: inout SceneRandom
  ) {
    let share: Float = plain ? 0.07 : 0.05
    switch random.weighted([1 - 3 * share, share, share, share]) {
    case 1: item.size = .small
    case 2: item.size = .big
    case 3 where plain: item.side = random.chance(0.5) ? .left : .right
    default: break
    }
  }

  private func partner(
    of first: Int, in place: Description.Place, _ random: inout SceneRandom
  ) -> Int? {
    let weights = things.indices.map { index in
      index != first && (place == .plain || places[index].contains(place))
        ? things[index].weight : 0
    }
    return weights.contains { $0 > 0 } ? random.weighted(weights) : nil
  }

  /// Chooses how two things relate, and puts the one that flies or the smaller one first.
  private func choose(
    _ items: inout [Description.Item], _ place: Description.Place, _ random: inout SceneRandom
  ) -> Description.Relation {
    let size = { (name: String) in things.first { $0.name == name }?.size ?? 3 }
    if place != .space, place != .plain, items[0].motion != items[1].motion {
      if items[1].motion == .fly { items.swapAt(0, 1) }
      return .above
    }
    if random.chance(0.25), place != .sky, place != .sea, place != .underwater {
      let difference = size(items[0].thing) - size(items[1].thing)
      if difference > 0 { items.swapAt(0, 1) }
      if abs(difference) >= 2, items.allSatisfy({ $0.motion == .stand }), place != .space {
        return .inFrontOf
      }
    }
    if random.chance(0.2) {
      if place == .space || place == .underwater || items[0].motion == .fly { return .above }
    }
    return random.chance(0.25) ? .leftAndRight : .beside
  }

  private func backdrop(
    _ items: [Description.Item], _ random: inout SceneRandom
  ) -> String {
    let worn = items.compactMap(\.colour)
    let weights = Scenery.backdrops.map { worn.contains($0.name) ? 0 : $0.weight }
    return Scenery.backdrops[random.weighted(weights)].name
  }
}
